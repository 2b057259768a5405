import { type MetricOptions, type ModelMetrics, type RecordValue, ServingError } from '@millrace/sdk'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** Label sets one metric may have; a model that labels by user input must not fill the memory. */
const MAX_LABEL_SETS = 1000

type Kind = 'counter' | 'gauge' | 'histogram'
interface Recorder {
  add(labels: Record<string, string>, value: number): void
  remove(labels: Record<string, string>): void
}

/** What one model version has registered. */
interface OwnMetric {
  readonly recorder: Recorder
  /** By their text. */
  readonly labelSets: Map<string, Record<string, string>>
}

/** Metrics that models register themselves; each carries `model_name` and `model_version`. */
export interface CustomMetrics extends ModelMetrics {
  /** Takes this model's series away, and metrics that no other has; what it still records is lost. */
  remove(): void
}

/** For the metrics of all models of one registry. */
export function createCustomMetrics(registry: Registry): (model: string, version: string) => CustomMetrics {
  /** How many models have registered a metric, by its name. */
  const users = new Map<string, number>()

  return (model, version) => {
    const ofModel = { model_name: model, model_version: version }
    const own = new Map<string, OwnMetric>()
    let isRemoved = false

    const register = (kind: Kind, name: string, help: string, options: MetricOptions = {}): RecordValue => {
      if (isRemoved) return () => undefined
      if (!users.has(name) && registry.getSingleMetric(name) !== undefined) {
        throw new ServingError('ALREADY_EXISTS', `metric '${name}' exists already, and it is the server's`)
      }
      const labelNames = ['model_name', 'model_version', ...(options.labels ?? [])]
      const recorder = recorderFor(registry, kind, name, help, labelNames, options.buckets)
      let metric = own.get(name)
      if (metric === undefined) {
        metric = { recorder, labelSets: new Map() }
        own.set(name, metric)
        users.set(name, (users.get(name) ?? 0) + 1)
      }
      const { labelSets } = metric
      return (value, labels = {}) => {
        if (isRemoved) return
        const key = JSON.stringify(labels)
        let labelSet = labelSets.get(key)
        if (labelSet === undefined) {
          if (labelSets.size >= MAX_LABEL_SETS) {
            throw new ServingError(
              'RESOURCE_EXHAUSTED',
              `metric '${name}' of model ${model} has ${MAX_LABEL_SETS} label sets already; label by few and known values`,
            )
          }
          labelSet = { ...ofModel, ...labels }
          recorder.add(labelSet, value)
          labelSets.set(key, labelSet)
        } else recorder.add(labelSet, value)
      }
    }

    return {
      counter: (name, help, options) => register('counter', name, help, options),
      gauge: (name, help, options) => register('gauge', name, help, options),
      histogram: (name, help, options) => register('histogram', name, help, options),
      remove() {
        isRemoved = true
        for (const [name, { recorder, labelSets }] of own) {
          for (const labels of labelSets.values()) recorder.remove(labels)
          const others = users.get(name)! - 1
          if (others > 0) users.set(name, others)
          else {
            users.delete(name)
            registry.removeSingleMetric(name)
          }
        }
        own.clear()
      },
    }
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
    if (counter instanceof Counter)
      return {
        add: (labels, value) => counter.inc(labels, value),
        remove: labels => counter.remove(labels),
      }
  } else if (kind === 'gauge') {
    const gauge = (existing ?? new Gauge(options)) as Gauge
    if (gauge instanceof Gauge)
      return { add: (labels, value) => gauge.set(labels, value), remove: labels => gauge.remove(labels) }
  } else {
    const histogram = (existing ??
      new Histogram(buckets === undefined ? options : { ...options, buckets: [...buckets] })) as Histogram
    if (histogram instanceof Histogram)
      return {
        add: (labels, value) => histogram.observe(labels, value),
        remove: labels => histogram.remove(labels),
      }
  }
  throw new ServingError('ALREADY_EXISTS', `metric '${name}' exists already, and it is not a ${kind}`)
}
