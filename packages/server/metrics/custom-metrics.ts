import { type MetricOptions, type ModelMetrics, type RecordValue, ServingError } from '@millrace/sdk'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** Label sets one metric may have; a model that labels by user input must not fill the memory. */
const MAX_LABEL_SETS = 1000

type Kind = 'counter' | 'gauge' | 'histogram'
interface Recorder {
  add(labels: Record<string, string>, value: number): void
}

/** Metrics that models register themselves; each carries `model_name` and `model_version`. */
export function createCustomMetrics(registry: Registry, model: string, version = ''): ModelMetrics {
  const own = { model_name: model, model_version: version }

  const register = (kind: Kind, name: string, help: string, options: MetricOptions = {}): RecordValue => {
    const labelNames = ['model_name', 'model_version', ...(options.labels ?? [])]
    const recorder = recorderFor(registry, kind, name, help, labelNames, options.buckets)
    const seen = new Set<string>()
    return (value, labels = {}) => {
      const key = JSON.stringify(labels)
      if (!seen.has(key)) {
        if (seen.size >= MAX_LABEL_SETS) {
          throw new ServingError(
            'RESOURCE_EXHAUSTED',
            `metric '${name}' of model ${model} has ${MAX_LABEL_SETS} label sets already; label by few and known values`,
          )
        }
        seen.add(key)
      }
      recorder.add({ ...own, ...labels }, value)
    }
  }

  return {
    counter: (name, help, options) => register('counter', name, help, options),
    gauge: (name, help, options) => register('gauge', name, help, options),
    histogram: (name, help, options) => register('histogram', name, help, options),
  }
}

function recorderFor(
  registry: Registry,
  kind: Kind,
  name: string,
  help: string,
  labelNames: string[],
  buckets: readonly number[] | undefined,
): Recorder {
  const existing = registry.getSingleMetric(name)
  const options = { name, help, labelNames, registers: [registry] }
  if (kind === 'counter') {
    const counter = (existing ?? new Counter(options)) as Counter
    if (counter instanceof Counter) return { add: (labels, value) => counter.inc(labels, value) }
  } else if (kind === 'gauge') {
    const gauge = (existing ?? new Gauge(options)) as Gauge
    if (gauge instanceof Gauge) return { add: (labels, value) => gauge.set(labels, value) }
  } else {
    const histogram = (existing ??
      new Histogram(buckets === undefined ? options : { ...options, buckets: [...buckets] })) as Histogram
    if (histogram instanceof Histogram) return { add: (labels, value) => histogram.observe(labels, value) }
  }
  throw new ServingError('ALREADY_EXISTS', `metric '${name}' exists already, and it is not a ${kind}`)
}
