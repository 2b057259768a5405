import type { BoundModel, Logger } from '@millrace/sdk'
import type { BatchSettings } from './batchable.ts'
import type { Clock } from './clock.ts'

/** A model whose requests are joined into batches wherever nobody can tell the difference. */
export interface BatchedModel extends BoundModel {
  readonly statistics: BatchStatistics
  /**
   * Refuses what waits and what still comes as UNAVAILABLE, and aborts the signal that running batches see;
   * they may end all the same. Resolved when none runs any more.
   */
  close(): Promise<void>
}

export interface BatchStatistics {
  /** Calls of the model, those with a single request included. */
  readonly batchCount: number
  /** Rows in all these calls; a request that cannot be joined counts its first extent, at least 1. */
  readonly batchedRowCount: number
  /** Requests that wait now. */
  readonly queueLength: number
  /** Bytes of the tensors that wait now. */
  readonly queueBytes: number
}

/** One call of the model. */
export interface BatchRecord {
  readonly requests: number
  readonly rows: number
  /** Time in the queue, of all its requests together. */
  readonly queueMs: number
}

export interface BatcherOptions extends BatchSettings {
  /** Requests that may wait; more are refused as RESOURCE_EXHAUSTED. */
  readonly maxQueueRequests: number
  /** Bytes of tensors that may wait; more are refused as RESOURCE_EXHAUSTED. */
  readonly maxQueueBytes: number
  /** Batches that may run at once: 1 for a model on the server's thread, else the number of its workers. */
  readonly concurrency: number
  readonly log: Logger
  /** Default: the system's. */
  readonly clock?: Clock
  /** Called for each call of the model, when it begins; must not throw. */
  readonly onBatch?: (batch: BatchRecord) => void
  /** Called with the length of the queue for each request that enters it, itself included; must not throw. */
  readonly onEnqueue?: (queueLength: number) => void
}
