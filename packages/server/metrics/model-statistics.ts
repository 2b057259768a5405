import type { ServingError } from '@millrace/sdk'

/** A count of events and the time they took together (Triton's `StatisticDuration`). */
export interface DurationTotal {
  count: number
  /** Nanoseconds. */
  ns: number
}

/**
 * What one model version has done since it was first loaded. Plain numbers, because they are added
 * to on every request; `/metrics` and the statistics extension read them when asked.
 */
export interface ModelStatistics {
  readonly success: DurationTotal
  readonly failure: DurationTotal
  /** Time in the queue of a batched model. */
  readonly queue: DurationTotal
  /** Requests answered from the response cache, and what that took. */
  readonly cacheHit: DurationTotal
  /** Requests that it had no answer for, the model's time included. */
  readonly cacheMiss: DurationTotal
  /** Rows inferred: a request of batch n counts n. */
  inferenceCount: number
  /** Times the model ran to an answer. */
  executionCount: number
  /** When the last inference ended, in milliseconds since the epoch; 0 before the first. */
  lastInferenceMs: number
}

export function createModelStatistics(): ModelStatistics {
  return {
    success: { count: 0, ns: 0 },
    failure: { count: 0, ns: 0 },
    queue: { count: 0, ns: 0 },
    cacheHit: { count: 0, ns: 0 },
    cacheMiss: { count: 0, ns: 0 },
    inferenceCount: 0,
    executionCount: 0,
    lastInferenceMs: 0,
  }
}

/**
 * Adds one finished request that began at `startedMs` of `performance.now()`.
 * @param rows 0 for an answer from the cache, which the model had no part in
 * @param executions calls of the model; 0 where a batcher counts them
 */
export function recordInference(
  statistics: ModelStatistics,
  startedMs: number,
  rows: number,
  executions: number,
  error: ServingError | null,
): void {
  const total = error === null ? statistics.success : statistics.failure
  total.count++
  total.ns += (performance.now() - startedMs) * 1e6
  if (error === null) {
    statistics.inferenceCount += rows
    statistics.executionCount += executions
  }
  statistics.lastInferenceMs = Date.now()
}

/** Adds one call of a batched model, when it begins. */
export function recordBatch(
  statistics: ModelStatistics,
  { requests, queueMs }: { readonly requests: number; readonly queueMs: number },
): void {
  statistics.executionCount++
  statistics.queue.count += requests
  statistics.queue.ns += queueMs * 1e6
}
