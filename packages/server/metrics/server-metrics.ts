import type { ModelMetrics } from '@millrace/sdk'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { ByModel } from './by-model.ts'
import { createCustomMetrics } from './custom-metrics.ts'
import { exposeInferences } from './inference-metrics.ts'
import { exposeKafka, type KafkaFigures } from './kafka-metrics.ts'
import { exposeMeshCache, exposeMeshRequests } from './mesh-metrics.ts'
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
  /** The model is loaded no more: what was kept of it is bounded from now on. */
  readonly modelUnloaded: (model: string, version: string | undefined) => void
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

/** Models that are loaded no more and go on from their totals should they be loaded again. */
const MAX_TOTALS = 10_000
/** Models that are loaded no more and still have series of their own. */
const MAX_UNLOADED_SERIES = 100

export interface ServerMetricsOptions {
  readonly restPrefix: string
  /** Whether figures of models are shown for each of them; else all together, but for what models register themselves. */
  readonly isPerModel: boolean
  /** Whether models and requests are also counted under the names that ModelMesh gives them. */
  readonly hasMeshNames: boolean
}

export function createServerMetrics({
  restPrefix,
  isPerModel,
  hasMeshNames,
}: ServerMetricsOptions): ServerMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const maxSeries = isPerModel ? MAX_UNLOADED_SERIES : 0
  const scheduling = createSchedulingMetrics(registry, { isPerModel, maxUnloaded: maxSeries })
  const dropped = createModelStatistics()
  const statistics = new ByModel<ModelStatistics>({
    create: createModelStatistics,
    maxUnloaded: MAX_TOTALS,
    onDropped: of => addRequests(dropped, of),
  })
  exposeInferences(registry, () => {
    if (isPerModel) return statistics.latest(maxSeries)
    const total = createModelStatistics()
    addRequests(total, dropped)
    for (const { value } of statistics.latest(MAX_TOTALS)) addRequests(total, value)
    return [{ labels: {}, value: total }]
  })
  const transport = createTransportMetrics(registry, restPrefix)
  const customMetrics = new ByModel({
    create: createCustomMetrics(registry),
    maxUnloaded: maxSeries,
    onDropped: metrics => metrics.remove(),
  })

  return {
    transport: hasMeshNames ? alsoForMesh(registry, transport) : transport,
    scheduling,
    exposeKafka: figures => exposeKafka(registry, figures),
    exposeModelCache(read) {
      const own = exposeModelCache(registry, read)
      return hasMeshNames ? both(own, exposeMeshCache(registry, read)) : own
    },
    expose: figure => readOnScrape(registry, figure),
    statisticsOf: (model, version) => statistics.of(model, version),
    customMetricsOf: (model, version) => customMetrics.of(model, version),
    modelUnloaded(model, version) {
      statistics.unload(model, version)
      customMetrics.unload(model, version)
      scheduling.modelUnloaded(model, version)
    },
    exposition: async () => ({ text: await registry.metrics(), contentType: registry.contentType }),
  }
}

function alsoForMesh(registry: Registry, transport: TransportMetrics): TransportMetrics {
  const finished = exposeMeshRequests(registry)
  return {
    ...transport,
    grpcFinished(exchange) {
      transport.grpcFinished(exchange)
      finished(exchange)
    },
  }
}

function both(one: ModelCacheObservations, other: ModelCacheObservations): ModelCacheObservations {
  return {
    evicted(ageMs) {
      one.evicted(ageMs)
      other.evicted(ageMs)
    },
    loaded(durationMs, bytes) {
      one.loaded(durationMs, bytes)
      other.loaded(durationMs, bytes)
    },
    unloaded(durationMs) {
      one.unloaded(durationMs)
      other.unloaded(durationMs)
    },
    dequeued(waitedMs) {
      one.dequeued(waitedMs)
      other.dequeued(waitedMs)
    },
    waited(waitedMs) {
      one.waited(waitedMs)
      other.waited(waitedMs)
    },
  }
}

function addRequests(total: ModelStatistics, { success, failure }: ModelStatistics): void {
  total.success.count += success.count
  total.success.ns += success.ns
  total.failure.count += failure.count
  total.failure.ns += failure.ns
}
