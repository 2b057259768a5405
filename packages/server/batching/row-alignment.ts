import type { InferenceResponse, Logger } from '@millrace/sdk'
import { misalignment } from './split-response.ts'

/**
 * Whether a model answers each row with a row. Only an answer shows it, so the first request is answered alone;
 * a model that once answered otherwise is never again given rows of several requests.
 */
export class RowAlignment {
  readonly #modelName: string
  readonly #log: Logger
  #state: 'UNKNOWN' | 'ALIGNED' | 'DENIED' = 'UNKNOWN'

  constructor(modelName: string, log: Logger) {
    this.#modelName = modelName
    this.#log = log
  }

  /** True once an answer has shown it, and none the contrary. */
  get isKnown(): boolean {
    return this.#state === 'ALIGNED'
  }

  /** True once an answer has shown the contrary. */
  get isDenied(): boolean {
    return this.#state === 'DENIED'
  }

  /** Whether this answer keeps to its rows. The first that does not is warned of. */
  learn(response: InferenceResponse, rows: number): boolean {
    const found = misalignment(response, rows)
    if (found === null) {
      if (this.#state === 'UNKNOWN') this.#state = 'ALIGNED'
      return true
    }
    if (this.#state !== 'DENIED') {
      this.#state = 'DENIED'
      this.#log.warn(
        `Model ${this.#modelName} answered ${rows} ${rows === 1 ? 'row' : 'rows'} with ${found}; only answers with a row ` +
          'for each row can be shared out, so from now on every request is answered alone (max_batch_size)',
      )
    }
    return false
  }
}
