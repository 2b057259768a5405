import type { ServerLogger } from '../base/index.ts'
import { checkBatchable, createBatcher } from '../batching/index.ts'
import { type ModelStatistics, recordBatch, type SchedulingMetrics } from '../metrics/index.ts'
import type { InstanceOptions } from './model-instance.ts'

export interface SchedulingOptions {
  readonly workerCount: number
  readonly maxQueueRequests: number
  readonly maxQueueBytes: number
  readonly log: ServerLogger
  readonly metrics: SchedulingMetrics
  readonly statisticsOf: (name: string, version: string | undefined) => ModelStatistics
}

/** Decides at load how requests get to a model: straight, or through a batcher if its settings ask for one. */
export function createScheduling(options: SchedulingOptions): InstanceOptions['schedule'] {
  const { workerCount, maxQueueRequests, maxQueueBytes, metrics } = options
  return ({ bound, placement }, { name, version, maxBatchSize, maxQueueDelayMs }) => {
    const log = options.log.with({ model: name, ...(version === undefined ? {} : { version }) })
    const settings = { maxBatchSize, maxQueueDelayMs }
    const batchability = checkBatchable(bound.model, settings)
    if (!batchability.isBatchable) {
      if (batchability.warning !== null) log.warn(batchability.warning)
      return { bound, isBatched: false, close() {} }
    }
    const observer = metrics.batchObserverOf(name, version)
    const statistics = options.statisticsOf(name, version)
    const batched = createBatcher(bound, {
      ...settings,
      maxQueueRequests,
      maxQueueBytes,
      concurrency: placement.place === 'worker' ? workerCount : 1,
      log,
      onEnqueue: observer.onEnqueue,
      onBatch(batch) {
        observer.onBatch(batch)
        recordBatch(statistics, batch)
      },
    })
    return { bound: batched, isBatched: true, close: () => void batched.close() }
  }
}
