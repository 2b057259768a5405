import type { Registry } from 'prom-client'
import { FixedHistogram } from './fixed-histogram.ts'
import { readOnScrape, type Sample } from './read-on-scrape.ts'

/** What is loaded in the memory for models, and what has come and gone. */
export interface ModelCacheFigures {
  readonly knownModels: number
  /** Models whose latest load has failed, as long as that is remembered. */
  readonly failedModels: number
  /** When the model was last used that goes next, in milliseconds of the epoch; undefined if none can go. */
  readonly nextToGoUsedMs: number | undefined
  readonly loadedModels: number
  readonly copies: number
  readonly budgetBytes: number
  readonly usedBytes: number
  readonly unloadingBytes: number
  readonly lostBytes: number
  readonly waiting: number
  readonly hits: number
  readonly misses: number
  readonly loadFailures: number
  readonly unloadFailures: number
  /** By reason. */
  readonly evictions: Readonly<Record<string, number>>
}

/** What is observed as it happens. */
export interface ModelCacheObservations {
  evicted(ageMs: number): void
  loaded(durationMs: number, bytes: number): void
  unloaded(durationMs: number): void
  /** A load begins, so long after it was asked for. */
  dequeued(waitedMs: number): void
  /** A request goes on that has waited for its model. */
  waited(waitedMs: number): void
}

/** Seconds since the last use, up to a week: what goes after seconds does not fit. */
const AGE_SECONDS = [1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600, 7 * 24 * 3600] as const
const LOAD_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300] as const

type Figure = readonly [name: string, help: string, type: 'counter' | 'gauge', keyof ModelCacheFigures]

const FIGURES: readonly Figure[] = [
  ['known_models', 'Models that can be loaded on demand', 'gauge', 'knownModels'],
  ['loaded_models', 'Models that are loaded', 'gauge', 'loadedModels'],
  ['copies', 'Copies of loaded models on all workers', 'gauge', 'copies'],
  ['budget_bytes', 'Memory that loaded models may take', 'gauge', 'budgetBytes'],
  [
    'used_bytes',
    'Memory of models that are loaded, being loaded, or not yet free again',
    'gauge',
    'usedBytes',
  ],
  ['unloading_bytes', 'Memory of models that are being unloaded', 'gauge', 'unloadingBytes'],
  [
    'lost_bytes',
    'Memory that failed unloads have not given back, by which the budget is smaller',
    'gauge',
    'lostBytes',
  ],
  ['waiting_requests', 'Requests that wait for models to be loaded', 'gauge', 'waiting'],
  ['hits_total', 'Requests whose model was loaded', 'counter', 'hits'],
  ['misses_total', 'Requests whose model had to be loaded', 'counter', 'misses'],
  ['load_failures_total', 'Loads on demand that have failed', 'counter', 'loadFailures'],
  ['unload_failures_total', 'Unloads that have failed for good', 'counter', 'unloadFailures'],
]

/** Registers the metrics of the memory for models; without a call there are none. */
export function exposeModelCache(registry: Registry, read: () => ModelCacheFigures): ModelCacheObservations {
  const add = (
    name: string,
    help: string,
    type: 'counter' | 'gauge' | 'histogram',
    samples: () => Iterable<Sample>,
  ) => readOnScrape(registry, { name: `millrace_model_cache_${name}`, help, type, read: samples })
  for (const [name, help, type, figure] of FIGURES) {
    add(name, help, type, function* () {
      const value = read()[figure]
      if (typeof value === 'number') yield { labels: {}, value }
    })
  }
  add(
    'evictions_total',
    'Models unloaded, by reason: pressure, idle, budget, asked',
    'counter',
    function* () {
      for (const [reason, value] of Object.entries(read().evictions)) yield { labels: { reason }, value }
    },
  )
  const ages = new FixedHistogram(AGE_SECONDS)
  const loads = new FixedHistogram(LOAD_SECONDS)
  const waits = new FixedHistogram(LOAD_SECONDS)
  const histogram = (name: string, help: string, values: FixedHistogram) =>
    add(name, help, 'histogram', () => values.samples({}))
  histogram('age_at_eviction_seconds', 'Time since the last use of models that are unloaded', ages)
  histogram('load_duration_seconds', 'Seconds that loads on demand took', loads)
  histogram('queue_duration_seconds', 'Seconds that loads on demand waited to begin', waits)
  return {
    evicted: ageMs => ages.observe(ageMs / 1000),
    loaded: durationMs => loads.observe(durationMs / 1000),
    dequeued: waitedMs => waits.observe(waitedMs / 1000),
    unloaded() {},
    waited() {},
  }
}
