import type { Registry } from 'prom-client'
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

/** One worker as it is now. */
export interface WorkerFigures {
  readonly pool: string
  readonly index: number
  readonly inFlight: number
  readonly completed: number
  readonly restarts: number
  readonly memoryBytes: number
  /** Share of the time since the last look that its event loop was busy, 0 to 1. */
  readonly utilization: number
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
  /** A request goes to a worker; this many are there now, in all workers. */
  readonly onCrossing: (inFlight: number) => void
  readonly exposeWorkers: (read: () => readonly WorkerFigures[]) => void
  readonly exposeCache: (read: () => CacheFigures) => void
}

interface BatchSeries {
  readonly labels: Sample['labels']
  readonly queueLength: FixedHistogram
  readonly rows: FixedHistogram
  readonly requests: FixedHistogram
  readonly queueSeconds: FixedHistogram
}

interface LoadSeries {
  readonly labels: Sample['labels']
  readonly seconds: number
}

export function createSchedulingMetrics(registry: Registry): SchedulingMetrics {
  const batches = new Map<string, BatchSeries>()
  const loads = new Map<string, LoadSeries>()
  const crossings = new FixedHistogram(COUNT_BUCKETS)
  exposeBatches(registry, batches)
  readOnScrape(registry, {
    name: 'model_load_duration_seconds',
    help: 'Seconds that the latest load of a model took, warm-up included',
    type: 'gauge',
    *read() {
      for (const { labels, seconds } of loads.values()) yield { labels, value: seconds }
    },
  })
  readOnScrape(registry, {
    name: 'parallel_request_queue',
    help: 'Requests in workers when another one is sent there',
    type: 'histogram',
    read: () => crossings.samples({}),
  })

  return {
    batchObserverOf(model, version = '') {
      const key = JSON.stringify([model, version])
      let series = batches.get(key)
      if (series === undefined) {
        series = {
          labels: { model_name: model, model_version: version },
          queueLength: new FixedHistogram(COUNT_BUCKETS),
          rows: new FixedHistogram(COUNT_BUCKETS),
          requests: new FixedHistogram(COUNT_BUCKETS),
          queueSeconds: new FixedHistogram(),
        }
        batches.set(key, series)
      }
      const { queueLength, rows, requests, queueSeconds } = series
      return {
        onEnqueue: length => queueLength.observe(length),
        onBatch(batch) {
          rows.observe(batch.rows)
          requests.observe(batch.requests)
          queueSeconds.observe(batch.queueMs / batch.requests / 1000)
        },
      }
    },
    modelLoaded(model, version = '', place, loadMs) {
      loads.set(JSON.stringify([model, version]), {
        labels: { model_name: model, model_version: version, place },
        seconds: loadMs / 1000,
      })
    },
    onCrossing: inFlight => crossings.observe(inFlight),
    exposeWorkers: read => exposeWorkers(registry, read),
    exposeCache: read => exposeCache(registry, read),
  }
}

function exposeBatches(registry: Registry, batches: ReadonlyMap<string, BatchSeries>): void {
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
        for (const series of batches.values()) yield* histogramOf(series).samples(series.labels)
      },
    })
  }
}

function exposeWorkers(registry: Registry, read: () => readonly WorkerFigures[]): void {
  const figures: readonly (readonly [
    string,
    string,
    'counter' | 'gauge',
    (worker: WorkerFigures) => number,
  ])[] = [
    ['worker_requests_in_progress', 'Requests in a worker', 'gauge', worker => worker.inFlight],
    ['worker_requests_total', 'Requests that a worker has answered', 'counter', worker => worker.completed],
    ['worker_restarts_total', 'Times that a worker was replaced', 'counter', worker => worker.restarts],
    [
      'worker_memory_bytes',
      'Heap of a worker thread, resident memory of a worker process',
      'gauge',
      worker => worker.memoryBytes,
    ],
    [
      'worker_event_loop_utilization',
      "Share of the time that a worker's event loop was busy",
      'gauge',
      worker => worker.utilization,
    ],
  ]
  for (const [name, help, type, valueOf] of figures) {
    readOnScrape(registry, {
      name,
      help,
      type,
      *read() {
        for (const worker of read()) {
          yield { labels: { pool: worker.pool, worker: worker.index }, value: valueOf(worker) }
        }
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
