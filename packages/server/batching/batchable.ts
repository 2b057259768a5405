import { formatShape, type ModelContract } from '@millrace/sdk'

export interface BatchSettings {
  /** Rows of a batch at most (`max_batch_size`). */
  readonly maxBatchSize: number
  /** How long a request may be held back for others (`max_batch_time`). */
  readonly maxQueueDelayMs: number
}

/** Whether a model's requests are joined into batches. `warning` says why not where the settings ask for it. */
export interface Batchability {
  readonly isBatchable: boolean
  readonly warning: string | null
}

/**
 * Batching is on if both settings ask for it: more than one row, and some time. A contract that fixes the
 * first extent of an input or output (or gives it none) leaves no dimension along which requests could be joined.
 */
export function checkBatchable(contract: ModelContract, settings: BatchSettings): Batchability {
  const { maxBatchSize, maxQueueDelayMs } = settings
  if (!(maxBatchSize > 1 && maxQueueDelayMs > 0)) return { isBatchable: false, warning: null }
  for (const [kind, fields] of [
    ['input', contract.inputs],
    ['output', contract.outputs],
  ] as const) {
    const fixed = fields.find(field => field.shape[0] !== -1)
    if (fixed === undefined) continue
    return {
      isBatchable: false,
      warning:
        `max_batch_size is set to ${maxBatchSize}, but requests cannot be joined: ` +
        `${kind} '${fixed.name}' has shape ${formatShape(fixed.shape)}, and its first extent would have to be -1`,
    }
  }
  return { isBatchable: true, warning: null }
}
