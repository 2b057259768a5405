import { ServingError } from '../errors/index.ts'
import type { MetricOptions, ModelMetrics, RecordValue } from '../model/index.ts'
import { describeValue } from '../tensor/index.ts'

export type MetricKind = 'counter' | 'gauge' | 'histogram'

/** One value that a model recorded. */
export interface MetricRecord {
  readonly value: number
  readonly labels: Readonly<{ [label: string]: string }>
}

/** A metric that a model registered. */
export interface RecordedMetric {
  readonly kind: MetricKind
  readonly help: string
  /** The label names it was registered with. */
  readonly labels: readonly string[]
  /** Every value in the order in which it was recorded; a counter's are its increments. */
  readonly records: readonly MetricRecord[]
}

/** Metrics by name. */
export type RecordedMetrics = Readonly<Record<string, RecordedMetric>>

/** Metrics that refuse what the server's refuse, and what was recorded in them. */
export function recordMetrics(): { readonly metrics: ModelMetrics; readonly recorded: RecordedMetrics } {
  const recorded: Record<string, RecordedMetric & { readonly records: MetricRecord[] }> = {}

  const register =
    (kind: MetricKind) =>
    (name: string, help: string, options: MetricOptions = {}): RecordValue => {
      recorded[name] ??= { kind, help, labels: options.labels ?? [], records: [] }
      const metric = recorded[name]
      if (metric.kind !== kind) {
        throw new ServingError('ALREADY_EXISTS', `metric '${name}' exists already, and it is not a ${kind}`)
      }
      return (value, labels = {}) => {
        checkRecord(name, metric, value, labels)
        metric.records.push({ value, labels })
      }
    }

  const metrics = { counter: register('counter'), gauge: register('gauge'), histogram: register('histogram') }
  return { metrics, recorded }
}

function checkRecord(
  name: string,
  { kind, labels: declared }: RecordedMetric,
  value: number,
  labels: MetricRecord['labels'],
): void {
  if (typeof value !== 'number' || (kind === 'counter' && !(value >= 0))) {
    const allowed = kind === 'counter' ? 'a number of at least 0' : 'a number'
    throw new ServingError(
      'INVALID_ARGUMENT',
      `${kind} '${name}' cannot record ${describeValue(value)}; expected ${allowed}`,
    )
  }
  const unknown = Object.keys(labels).find(label => !declared.includes(label))
  if (unknown === undefined) return
  const known = declared.map(label => `'${label}'`).join(', ') || 'none'
  throw new ServingError(
    'INVALID_ARGUMENT',
    `metric '${name}' has no label '${unknown}'; it was registered with ${known}`,
  )
}
