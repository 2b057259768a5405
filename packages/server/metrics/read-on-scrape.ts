import type { Metric, Registry } from 'prom-client'

export interface Sample {
  /** Appended to the metric's name: `_sum`, `_count`, `_bucket`; default none. */
  readonly suffix?: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/**
 * Registers a metric whose numbers live in plain objects of ours and are read only when someone
 * scrapes. prom-client's own counters hash their labels on every `inc`, which a request would pay
 * five times over.
 */
export function readOnScrape(
  registry: Registry,
  metric: {
    readonly name: string
    readonly help: string
    readonly type: 'counter' | 'gauge' | 'histogram' | 'summary'
    readonly read: () => Iterable<Sample> | Promise<Iterable<Sample>>
  },
): void {
  const { name, help, type, read } = metric
  const source = {
    name,
    help,
    type,
    aggregator: 'sum',
    reset() {},
    get: async () => ({
      name,
      help,
      type,
      aggregator: 'sum',
      values: Array.from(await read(), ({ suffix, labels, value }) => ({
        metricName: suffix === undefined ? name : `${name}${suffix}`,
        labels,
        value,
      })),
    }),
  }
  // The registry asks of a metric only what `source` has; its type names the library's own classes.
  registry.registerMetric(source as unknown as Metric)
}
