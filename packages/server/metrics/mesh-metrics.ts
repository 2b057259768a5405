import type { Registry } from 'prom-client'
import { FixedHistogram } from './fixed-histogram.ts'
import type { ModelCacheFigures, ModelCacheObservations } from './model-cache-metrics.ts'
import { readOnScrape, type Sample } from './read-on-scrape.ts'
import { GRPC_CODE_NAMES, type GrpcExchange } from './transport-metrics.ts'

/** ModelMesh's own for everything in milliseconds. */
const MILLISECONDS = [
  0.5, 1, 2, 5, 10, 20, 50, 75, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 60_000, 120_000, 300_000,
] as const
const KIB = 1024
/** 64 KiB to 64 GiB. */
const BYTES = Array.from({ length: 11 }, (_, power) => 64 * KIB * 4 ** power)
/** `used_bps` counts hundredths of a percent. */
const WHOLE_BPS = 10_000

type Figure = readonly [
  name: string,
  help: string,
  type: 'counter' | 'gauge',
  valueOf: (figures: ModelCacheFigures) => number | undefined,
]

const FIGURES: readonly Figure[] = [
  ['loadmodel_failure', 'Loads that have failed', 'counter', figures => figures.loadFailures],
  ['unloadmodel_failure', 'Unloads that have failed for good', 'counter', figures => figures.unloadFailures],
  ['models_loaded_total', 'Models that are loaded', 'gauge', figures => figures.loadedModels],
  ['models_with_failure_total', 'Models whose latest load has failed', 'gauge', f => f.failedModels],
  ['models_managed_total', 'Models that can be loaded', 'gauge', figures => figures.knownModels],
  ['instance_models_total', 'Models that are loaded', 'gauge', figures => figures.loadedModels],
  ['instance_capacity_bytes', 'Memory that models may take', 'gauge', figures => figures.budgetBytes],
  ['instance_used_bytes', 'Memory that models take', 'gauge', figures => figures.usedBytes],
  [
    'instance_used_bps',
    'Memory that models take, in hundredths of a percent of what they may',
    'gauge',
    figures => Math.round((figures.usedBytes / figures.budgetBytes) * WHOLE_BPS),
  ],
  [
    'instance_lru_seconds',
    'When the model was last used that goes next, in seconds of the epoch',
    'gauge',
    ({ nextToGoUsedMs }) => (nextToGoUsedMs === undefined ? undefined : nextToGoUsedMs / 1000),
  ],
  [
    'instance_lru_age_seconds',
    'Seconds since the model was last used that goes next; minutes say that what is used does not fit',
    'gauge',
    ({ nextToGoUsedMs }) =>
      nextToGoUsedMs === undefined ? undefined : Math.max(Date.now() - nextToGoUsedMs, 0) / 1000,
  ],
]

/** What is loaded and what has come and gone, under ModelMesh's names where it means the same. */
export function exposeMeshCache(registry: Registry, read: () => ModelCacheFigures): ModelCacheObservations {
  for (const [name, help, type, valueOf] of FIGURES) {
    readOnScrape(registry, {
      name: `modelmesh_${name}`,
      help,
      type,
      *read() {
        const value = valueOf(read())
        if (value !== undefined) yield { labels: {}, value }
      },
    })
  }
  const histogram = (name: string, help: string, bounds: readonly number[] = MILLISECONDS) => {
    const values = new FixedHistogram(bounds)
    readOnScrape(registry, {
      name: `modelmesh_${name}`,
      help,
      type: 'histogram',
      read: () => values.samples({}),
    })
    return values
  }
  const misses = histogram('cache_miss_milliseconds', 'How long requests waited for their models')
  const loads = histogram('loadmodel_milliseconds', 'How long loads took')
  const unloads = histogram('unloadmodel_milliseconds', 'How long unloads took')
  const waits = histogram('loading_queue_delay_milliseconds', 'How long loads waited to begin')
  const ages = histogram('age_at_eviction_milliseconds', 'Time since the last use of models that go')
  const sizes = histogram('loaded_model_size_bytes', 'What models take that were loaded', BYTES)
  return {
    evicted: ageMs => ages.observe(ageMs),
    loaded(durationMs, bytes) {
      loads.observe(durationMs)
      sizes.observe(bytes)
    },
    unloaded: durationMs => unloads.observe(durationMs),
    dequeued: waitedMs => waits.observe(waitedMs),
    waited: waitedMs => misses.observe(waitedMs),
  }
}

interface RequestSeries {
  readonly labels: Sample['labels']
  readonly milliseconds: FixedHistogram
}

/** Calls of models, by method and code; ModelMesh counts neither its management nor what every server has. */
export function exposeMeshRequests(registry: Registry): (exchange: GrpcExchange) => void {
  const byMethod = new Map<string, Map<number, RequestSeries>>()
  readOnScrape(registry, {
    name: 'modelmesh_api_request_milliseconds',
    help: 'How long calls of models took, loads included that they waited for',
    type: 'histogram',
    *read() {
      for (const byCode of byMethod.values()) {
        for (const { labels, milliseconds } of byCode.values()) yield* milliseconds.samples(labels)
      }
    },
  })
  return ({ service, method, code, durationMs }) => {
    if (service.startsWith('mmesh.') || service.startsWith('grpc.')) return
    let byCode = byMethod.get(method)
    if (byCode === undefined) {
      byCode = new Map()
      byMethod.set(method, byCode)
    }
    let series = byCode.get(code)
    if (series === undefined) {
      const labels = { method, code: GRPC_CODE_NAMES[code] ?? 'UNKNOWN' }
      series = { labels, milliseconds: new FixedHistogram(MILLISECONDS) }
      byCode.set(code, series)
    }
    series.milliseconds.observe(durationMs)
  }
}
