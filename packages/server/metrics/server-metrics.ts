import type { ModelMetrics } from '@millrace/sdk'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { createCustomMetrics } from './custom-metrics.ts'
import { exposeKafka, type KafkaFigures } from './kafka-metrics.ts'
import {
  exposeModelCache,
  type ModelCacheFigures,
  type ModelCacheObservations,
} from './model-cache-metrics.ts'
import { createModelStatistics, type ModelStatistics } from './model-statistics.ts'
import { readOnScrape } from './read-on-scrape.ts'
import { createSchedulingMetrics, type SchedulingMetrics } from './scheduling-metrics.ts'
import { createTransportMetrics, type TransportMetrics } from './transport-metrics.ts'

/** Everything that `/metrics` shows. Names and labels are MLServer's, so its dashboards work. */
export interface ServerMetrics {
  readonly transport: TransportMetrics
  readonly scheduling: SchedulingMetrics
  readonly exposeKafka: (figures: KafkaFigures) => void
  readonly exposeModelCache: (read: () => ModelCacheFigures) => ModelCacheObservations
  /** Shows what a program that embeds the server counts. */
  readonly expose: (figure: EmbedderFigure) => void
  /** The statistics of a model version; the same object for the same name and version. */
  readonly statisticsOf: (model: string, version: string | undefined) => ModelStatistics
  /** The metrics that a model registers itself. */
  readonly customMetricsOf: (model: string, version: string | undefined) => ModelMetrics
  /** The text exposition and its content type. */
  exposition(): Promise<{ readonly text: string; readonly contentType: string }>
}

/** A number that is read when somebody scrapes. */
export interface EmbedderFigure {
  /** Names that the server has itself cannot be given again. */
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly read: () => Iterable<{ readonly labels: Readonly<Record<string, string>>; readonly value: number }>
}

interface ModelSeries {
  readonly labels: { readonly model: string; readonly version: string }
  readonly statistics: ModelStatistics
}

export function createServerMetrics(options: { readonly restPrefix: string }): ServerMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const models = new Map<string, ModelSeries>()
  exposeInferences(registry, models)

  return {
    transport: createTransportMetrics(registry, options.restPrefix),
    scheduling: createSchedulingMetrics(registry),
    exposeKafka: figures => exposeKafka(registry, figures),
    exposeModelCache: read => exposeModelCache(registry, read),
    expose: figure => readOnScrape(registry, figure),
    statisticsOf(model, version = '') {
      const key = JSON.stringify([model, version])
      let series = models.get(key)
      if (series === undefined) {
        series = { labels: { model, version }, statistics: createModelStatistics() }
        models.set(key, series)
      }
      return series.statistics
    },
    customMetricsOf: (model, version) => createCustomMetrics(registry, model, version),
    exposition: async () => ({ text: await registry.metrics(), contentType: registry.contentType }),
  }
}

function exposeInferences(registry: Registry, models: ReadonlyMap<string, ModelSeries>): void {
  readOnScrape(registry, {
    name: 'model_infer_request_success_total',
    help: 'Inference requests answered',
    type: 'counter',
    *read() {
      for (const { labels, statistics } of models.values()) yield { labels, value: statistics.success.count }
    },
  })
  readOnScrape(registry, {
    name: 'model_infer_request_failure_total',
    help: 'Inference requests that failed',
    type: 'counter',
    *read() {
      for (const { labels, statistics } of models.values()) yield { labels, value: statistics.failure.count }
    },
  })
  readOnScrape(registry, {
    name: 'model_infer_request_duration',
    help: 'Seconds that inference requests took, failed ones included',
    type: 'summary',
    *read() {
      for (const { labels, statistics } of models.values()) {
        const { success, failure } = statistics
        yield { suffix: '_sum', labels, value: (success.ns + failure.ns) / 1e9 }
        yield { suffix: '_count', labels, value: success.count + failure.count }
      }
    },
  })
}
