import type { ServingError } from '@millrace/sdk'
import type { CacheClock } from './cache-clock.ts'
import type { EvictionReason } from './model-cache.ts'
import type { CacheWords } from './refusals.ts'

/** Is told what happens, for figures; must not throw. */
export interface CacheObserver {
  /** A model goes, so long after its last use. */
  evicted?(id: string, reason: EvictionReason, ageMs: number, bytes: number): void
  /** A load begins, so long after it was asked for. */
  dequeued?(waitedMs: number): void
  /** A request goes on, so long after it began to wait for its model. */
  waited?(waitedMs: number): void
  /** A load has succeeded. */
  loaded?(id: string, durationMs: number, bytes: number): void
  loadFailed?(id: string, error: ServingError): void
  /** A loaded model has so many copies, one more than before. */
  copied?(id: string, copies: number): void
  /** A copy goes: others need its place, or the model has not needed it for its idle time. */
  dropped?(id: string, reason: 'pressure' | 'idle', copies: number): void
  copyFailed?(id: string, error: unknown): void
  /** Its memory is lost to the budget. */
  unloadFailed?(id: string, error: unknown, bytes: number): void
}

export interface ModelCacheOptions {
  readonly budgetBytes: number
  /** Loads side by side. */
  readonly maxLoads: number
  /** Who may wait for loads at once: so many requests, and so many who load ahead. */
  readonly maxWaiting: number
  /** How long one load may take. Default: as long as the loader lets it. */
  readonly loadTimeoutMs?: number | undefined
  /** How long an unload may take before its memory counts as lost; it is found again should it end. */
  readonly unloadTimeoutMs: number
  /** Models not used for so long are unloaded. Default: none is. */
  readonly idleMs?: number | undefined
  /** After a first failure nobody tries again for so long; after each further one twice as long. */
  readonly firstRetryMs: number
  readonly longestRetryMs: number
  /** A failure that is so old counts no more. */
  readonly failureExpiryMs: number
  /** No model that was used less than so long ago is evicted for another. Default: 0, any is. */
  readonly leastAgeMs?: number | undefined
  /** Requests a minute of each copy that bring a further one. Default: models have no further copies. */
  readonly copyRate?: number | undefined
  readonly observer?: CacheObserver | undefined
  /** Default: those of a server's models. */
  readonly words?: CacheWords | undefined
  /** Default: the system's. */
  readonly clock?: CacheClock | undefined
}
