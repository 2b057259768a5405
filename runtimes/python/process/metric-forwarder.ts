import type { Logger, ModelMetrics, RecordValue } from '@millrace/sdk'
import { list, text } from '../channel/index.ts'

/** How many metrics of its own a model may have. */
const METRICS_MAX = 256

/** Adds what a process observed, as rows of name, value and description, to the model's histograms. */
export type MetricForwarder = (rows: unknown) => void

/** A metric that cannot be made is told once, and then left out. */
export function createMetricForwarder(metrics: ModelMetrics, log: Logger): MetricForwarder {
  const known = new Map<string, RecordValue | null>()
  let isFull = false

  const make = (name: string, description: string): RecordValue | null => {
    if (known.size >= METRICS_MAX) {
      if (!isFull) log.warn(`metric '${name}' is left out: a model has at most ${METRICS_MAX} of its own`)
      isFull = true
      return null
    }
    let record: RecordValue | null = null
    try {
      record = metrics.histogram(name, description === '' ? name : description)
    } catch (error) {
      log.warn(`metric '${name}' is left out: ${error instanceof Error ? error.message : String(error)}`)
    }
    known.set(name, record)
    return record
  }

  return rows => {
    for (const row of list(rows)) {
      const [name, value, description] = list(row)
      const key = text(name)
      const record = known.get(key)
      const chosen = record === undefined ? make(key, text(description)) : record
      // Python has numbers that JSON has not; they arrive as null.
      if (typeof value === 'number') chosen?.(value)
    }
  }
}
