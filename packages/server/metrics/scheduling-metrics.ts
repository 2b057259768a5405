import type { Registry } from 'prom-client'
import { ByModel } from './by-model.ts'
import { FixedHistogram } from './fixed-histogram.ts'
import { readOnScrape, type Sample } from './read-on-scrape.ts'

/** How many wait, or are joined: powers of two as far as anybody's queue goes. */
const COUNT_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096] as const

/** What a model's batcher reports. */
export interface BatchObserver {
  /** A request has joined the queue, which has this many now. */
  readonly onEnqueue: (queueLength: number) => void
  readonly onBatch: (batch: {
    readonly requests: number
    readonly rows: number
    /** Time in the queue, of all its requests together. */
    readonly queueMs: number
  }) => void
}

/** One worker at one moment. */
export interface WorkerFigures {
  readonly pool: string
  readonly index: number
  /** False while it starts and until its replacement has loaded the models. */
  readonly hasJoined: boolean
  readonly inFlightCount: number
  readonly completedCount: number
  readonly restartCount: number
  /** Undefined for a worker that is too busy to say. */
  readonly usage: { readonly memoryBytes: number; readonly eventLoopUtilization: number } | undefined
  /** The delay of its event loop. */
  readonly delayMs: number | undefined
}

export interface CacheFigures {
  readonly hits: number
  readonly misses: number
  readonly entries: number
  readonly sizeBytes: number
}

/** Metrics of what happens to a request between the door and the model. */
export interface SchedulingMetrics {
  readonly batchObserverOf: (model: string, version: string | undefined) => BatchObserver
  readonly modelLoaded: (model: string, version: string | undefined, place: string, loadMs: number) => void
  /** It is loaded no more. */
  readonly modelUnloaded: (model: string, version: string | undefined) => void
  /** A request goes to a worker, which has this many now. */
  readonly onCrossing: (inFlight: number) => void
  readonly exposeWorkers: (read: () => Promise<readonly WorkerFigures[]>) => void
  readonly exposeCache: (read: () => CacheFigures) => void
}

interface BatchSeries {
  readonly queueLength: FixedHistogram
  readonly rows: FixedHistogram
  readonly requests: FixedHistogram
  readonly queueSeconds: FixedHistogram
}

/** The latest load of a model. */
interface Load {
  place: string
  seconds: number
}

export interface SchedulingMetricsOptions {
  /** False: batches of all models are counted together, and loads are not shown. */
  readonly isPerModel: boolean
  /** Models that are loaded no more and still have series. */
  readonly maxUnloaded: number
}

export function createSchedulingMetrics(
  registry: Registry,
  { isPerModel, maxUnloaded }: SchedulingMetricsOptions,
): SchedulingMetrics {
  const batches = new ByModel<BatchSeries>({ create: createBatchSeries, maxUnloaded })
  const loads = new ByModel<Load>({ create: () => ({ place: '', seconds: 0 }), maxUnloaded })
  const together = createBatchSeries()
  const crossings = new FixedHistogram(COUNT_BUCKETS)
  exposeBatches(
    registry,
    isPerModel
      ? function* () {
          for (const { labels, value } of batches.latest(maxUnloaded))
            yield { labels: { model_name: labels.model, model_version: labels.version }, value }
        }
      : () => [{ labels: {}, value: together }],
  )
  if (isPerModel) {
    readOnScrape(registry, {
      name: 'model_load_duration_seconds',
      help: 'Seconds that the latest load of a model took, warm-up included',
      type: 'gauge',
      *read() {
        for (const { labels, value } of loads.latest(maxUnloaded)) {
          const { place, seconds } = value
          yield {
            labels: { model_name: labels.model, model_version: labels.version, place },
            value: seconds,
          }
        }
      },
    })
  }
  readOnScrape(registry, {
    name: 'parallel_request_queue',
    help: 'Requests in a worker when another one is sent there',
    type: 'histogram',
    read: () => crossings.samples({}),
  })

  return {
    batchObserverOf(model, version) {
      const { queueLength, rows, requests, queueSeconds } = isPerModel ? batches.of(model, version) : together
      return {
        onEnqueue: length => queueLength.observe(length),
        onBatch(batch) {
          rows.observe(batch.rows)
          requests.observe(batch.requests)
          queueSeconds.observe(batch.queueMs / batch.requests / 1000)
        },
      }
    },
    modelLoaded(model, version, place, loadMs) {
      if (isPerModel) Object.assign(loads.of(model, version), { place, seconds: loadMs / 1000 })
    },
    modelUnloaded(model, version) {
      batches.unload(model, version)
      loads.unload(model, version)
    },
    onCrossing: inFlight => crossings.observe(inFlight),
    exposeWorkers: read => exposeWorkers(registry, read),
    exposeCache: read => exposeCache(registry, read),
  }
}

function createBatchSeries(): BatchSeries {
  return {
    queueLength: new FixedHistogram(COUNT_BUCKETS),
    rows: new FixedHistogram(COUNT_BUCKETS),
    requests: new FixedHistogram(COUNT_BUCKETS),
    queueSeconds: new FixedHistogram(),
  }
}

function exposeBatches(
  registry: Registry,
  series: () => Iterable<{ readonly labels: Sample['labels']; readonly value: BatchSeries }>,
): void {
  const histograms: readonly (readonly [string, string, (series: BatchSeries) => FixedHistogram])[] = [
    ['batch_request_queue', 'Requests in the queue of a batched model when one joins it', s => s.queueLength],
    ['model_batch_rows', 'Rows of one call of a batched model', s => s.rows],
    ['model_batch_requests', 'Requests joined to one call of a batched model', s => s.requests],
    ['model_queue_duration_seconds', 'Mean wait of the requests of one call', s => s.queueSeconds],
  ]
  for (const [name, help, histogramOf] of histograms) {
    readOnScrape(registry, {
      name,
      help,
      type: 'histogram',
      *read() {
        for (const { labels, value } of series()) yield* histogramOf(value).samples(labels)
      },
    })
  }
}

type WorkerFigure = readonly [
  name: string,
  help: string,
  type: 'counter' | 'gauge',
  valueOf: (worker: WorkerFigures) => number | undefined,
]

const WORKER_FIGURES: readonly WorkerFigure[] = [
  [
    'worker_up',
    'Whether a worker has loaded its models and takes requests',
    'gauge',
    worker => Number(worker.hasJoined),
  ],
  ['worker_requests_in_progress', 'Requests in a worker', 'gauge', worker => worker.inFlightCount],
  [
    'worker_requests_total',
    'Requests that a worker has answered',
    'counter',
    worker => worker.completedCount,
  ],
  ['worker_restarts_total', 'Times that a worker was replaced', 'counter', worker => worker.restartCount],
  [
    'worker_memory_bytes',
    'Heap of a worker thread, resident memory of a worker process',
    'gauge',
    worker => worker.usage?.memoryBytes,
  ],
  [
    'worker_event_loop_utilization',
    "Share of the time since the last scrape that a worker's event loop was busy",
    'gauge',
    worker => worker.usage?.eventLoopUtilization,
  ],
  [
    'worker_event_loop_delay_seconds',
    'How long a worker took to answer this scrape',
    'gauge',
    worker => (worker.delayMs === undefined ? undefined : worker.delayMs / 1000),
  ],
]

/** A figure that a worker is too busy to tell is left out. */
function exposeWorkers(registry: Registry, read: () => Promise<readonly WorkerFigures[]>): void {
  let current: Promise<readonly WorkerFigures[]> | null = null
  // The metrics of one scrape are read side by side; the workers are asked once.
  const readOnce = () => {
    current ??= read().finally(() => {
      current = null
    })
    return current
  }
  for (const [name, help, type, valueOf] of WORKER_FIGURES) {
    readOnScrape(registry, {
      name,
      help,
      type,
      async read() {
        const workers = await readOnce()
        return workers.flatMap(worker => {
          const value = valueOf(worker)
          return value === undefined ? [] : [{ labels: { pool: worker.pool, worker: worker.index }, value }]
        })
      },
    })
  }
}

function exposeCache(registry: Registry, read: () => CacheFigures): void {
  const figures: readonly (readonly [string, string, 'counter' | 'gauge', keyof CacheFigures])[] = [
    ['response_cache_hits_total', 'Requests answered from the response cache', 'counter', 'hits'],
    [
      'response_cache_misses_total',
      'Requests that the response cache had no answer for',
      'counter',
      'misses',
    ],
    ['response_cache_entries', 'Answers in the response cache', 'gauge', 'entries'],
    ['response_cache_bytes', 'Size of the answers in the response cache', 'gauge', 'sizeBytes'],
  ]
  for (const [name, help, type, figure] of figures) {
    readOnScrape(registry, {
      name,
      help,
      type,
      *read() {
        yield { labels: {}, value: read()[figure] }
      },
    })
  }
}
