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
    inferenceCount: 0,
    executionCount: 0,
    lastInferenceMs: 0,
  }
}

/** Adds one finished request that began at `startedMs` of `performance.now()`. */
export function recordInference(
  statistics: ModelStatistics,
  startedMs: number,
  rows: number,
  error: ServingError | null,
): void {
  const total = error === null ? statistics.success : statistics.failure
  total.count++
  total.ns += (performance.now() - startedMs) * 1e6
  if (error === null) {
    statistics.inferenceCount += rows
    statistics.executionCount++
  }
  statistics.lastInferenceMs = Date.now()
}
