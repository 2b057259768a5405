import { type MetricOptions, type ModelMetrics, type RecordValue, ServingError } from '@millrace/sdk'
import type { MetricBatch, MetricRegistration } from './messages.ts'

const MAX_PENDING_RECORDS = 500
/** How long a value may wait that is recorded outside of any request. */
const MAX_DELAY_MS = 100

export interface ForwardedMetrics {
  readonly metrics: ModelMetrics
  /** Sends what is pending; called before every answer, so that who reads the metrics after it finds them. */
  flush(): void
}

/**
 * Metrics of one model in a worker. They are recorded where the server exposes them: values travel there
 * in batches.
 */
export function forwardMetrics(send: (batch: MetricBatch) => void): ForwardedMetrics {
  const kinds = new Map<string, MetricRegistration['kind']>()
  let metrics: MetricRegistration[] = []
  let records: MetricBatch['records'][number][] = []
  let timer: NodeJS.Timeout | null = null

  const flush = (): void => {
    if (metrics.length === 0 && records.length === 0) return
    if (timer !== null) clearTimeout(timer)
    timer = null
    const batch = { metrics, records }
    metrics = []
    records = []
    send(batch)
  }

  const register = (
    kind: MetricRegistration['kind'],
    name: string,
    help: string,
    options: MetricOptions | undefined,
  ): RecordValue => {
    const known = kinds.get(name)
    if (known !== undefined && known !== kind) {
      throw new ServingError('ALREADY_EXISTS', `metric '${name}' exists already, and it is not a ${kind}`)
    }
    if (known === undefined) {
      kinds.set(name, kind)
      metrics.push({ kind, name, help, options })
    }
    return (value, labels) => {
      if (typeof value !== 'number') {
        throw new ServingError(
          'INVALID_ARGUMENT',
          `${kind} '${name}' cannot record a ${typeof value}; expected a number`,
        )
      }
      // A copy: the caller may change its labels before they are sent.
      records.push([name, value, labels === undefined ? undefined : { ...labels }])
      if (records.length >= MAX_PENDING_RECORDS) flush()
      else timer ??= setTimeout(flush, MAX_DELAY_MS).unref()
    }
  }

  return {
    flush,
    metrics: {
      counter: (name, help, options) => register('counter', name, help, options),
      gauge: (name, help, options) => register('gauge', name, help, options),
      histogram: (name, help, options) => register('histogram', name, help, options),
    },
  }
}
