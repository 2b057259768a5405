import type { ServingError } from '@millrace/sdk'
import { type HydrosphereValue, hydrosphereValueBytes } from '@millrace/sdk/protocol'
import type { ModelSignature } from '../../store/index.ts'
import type { MonitoringLimits } from '../monitoring-limits.ts'
import { type KeptTensor, keepTensor } from './kept-tensor.ts'

/** What a model version was asked, and what came of it: by the gateway, or by somebody who tells of a model elsewhere. */
export interface WatchedRequest {
  readonly requestId: string
  readonly application?: { readonly name: string; readonly stage: string } | undefined
  readonly servable: {
    /** Empty where it is not known. */
    readonly name: string
    readonly modelName: string
    readonly modelVersion: number
    readonly modelVersionId: number
    readonly signature: ModelSignature
  }
  readonly latencyMs: number
  readonly inputs: readonly HydrosphereValue[]
  readonly outcome:
    | { readonly outputs: readonly HydrosphereValue[] }
    | { readonly error: Pick<ServingError, 'message'> }
}

/** A request as it waits to be looked at. */
export interface KeptRecord extends Omit<WatchedRequest, 'inputs' | 'outcome'> {
  readonly recordedAt: Date
  /** Nothing of a request that failed. */
  readonly inputs: readonly KeptTensor[]
  readonly outputs: readonly KeptTensor[]
  /** Names of fields with fields in them, whose values are not looked at. */
  readonly nested: readonly string[]
  /** Tensors that were too many. */
  readonly leftOutCount: number
  /** Why it failed; `null` for one that was answered. */
  readonly error: string | null
  /** What metrics are given; `undefined` where none is asked, and the size of what is too large for them. */
  readonly whole: readonly HydrosphereValue[] | number | undefined
  readonly sizeBytes: number
}

/** Besides tensors. */
const OVERHEAD_BYTES = 512

/**
 * @param isForMetrics whether the tensors themselves are kept too. They are views on messages that nobody writes to, so
 * they are not copied.
 */
export function keepRecord(
  { inputs, outcome, ...about }: WatchedRequest,
  isForMetrics: boolean,
  limits: MonitoringLimits,
): KeptRecord {
  const recordedAt = new Date()
  if ('error' in outcome) {
    const error = shortened(outcome.error.message)
    const sizeBytes = OVERHEAD_BYTES + 2 * error.length
    return {
      ...about,
      recordedAt,
      inputs: [],
      outputs: [],
      nested: [],
      leftOutCount: 0,
      error,
      whole: undefined,
      sizeBytes,
    }
  }
  let sizeBytes = OVERHEAD_BYTES
  const nested: string[] = []
  const keep = (values: readonly HydrosphereValue[], maxCount: number) =>
    values.slice(0, maxCount).flatMap((value): readonly KeptTensor[] => {
      if (value.datatype === undefined) {
        nested.push(value.name)
        sizeBytes += 2 * value.name.length
        return []
      }
      const kept = keepTensor(value, limits, limits.maxRecordBytes - sizeBytes)
      sizeBytes += kept.sizeBytes
      return [kept]
    })
  // What a model says of itself first: there are fewer of those, and nobody sends more of them than are declared.
  const outputs = keep(outcome.outputs, limits.maxFields)
  const kept = { outputs, inputs: keep(inputs, limits.maxFields - outputs.length - nested.length), nested }
  const keptCount = outputs.length + kept.inputs.length + nested.length
  const leftOutCount = inputs.length + outcome.outputs.length - keptCount
  let whole: KeptRecord['whole']
  if (isForMetrics) {
    // An output takes the place of an input of its name.
    const merged = [...new Map([...inputs, ...outcome.outputs].map(value => [value.name, value])).values()]
    const wholeBytes = hydrosphereValueBytes(merged)
    const isSmall = wholeBytes <= limits.maxMetricBytes
    whole = isSmall ? merged : wholeBytes
    if (isSmall) sizeBytes += wholeBytes
  }
  return { ...about, ...kept, leftOutCount, recordedAt, error: null, whole, sizeBytes }
}

const ERROR_LENGTH_MAX = 4_096

function shortened(message: string): string {
  if (message.length <= ERROR_LENGTH_MAX) return message
  return `${message.slice(0, ERROR_LENGTH_MAX)} … (${message.length} characters)`
}
