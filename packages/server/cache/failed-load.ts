import { ServingError } from '@millrace/sdk'
import type { ModelCacheOptions } from './model-cache-options.ts'

/** What is remembered of a model that could not be loaded. */
export interface FailedLoad {
  /** In a row. */
  readonly count: number
  readonly error: ServingError
  /** Until then nobody tries again. */
  readonly retryAtMs: number
}

/** After each failure in a row nobody tries again for twice as long as before. */
export function nextFailure(
  before: FailedLoad | null,
  thrown: unknown,
  nowMs: number,
  { firstRetryMs, longestRetryMs }: Pick<ModelCacheOptions, 'firstRetryMs' | 'longestRetryMs'>,
): FailedLoad {
  const error = ServingError.from(thrown, thrown instanceof Error ? thrown.message : String(thrown))
  const count = (before?.count ?? 0) + 1
  const waitMs = Math.min(firstRetryMs * 2 ** Math.min(count - 1, 30), longestRetryMs)
  return { count, error, retryAtMs: nowMs + waitMs }
}
