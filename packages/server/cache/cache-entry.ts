import type { FailedLoad } from './failed-load.ts'
import type { CachedModel, CachedState, LoadPriority } from './model-cache.ts'

/** Somebody who waits for a model. */
export interface Demand {
  readonly priority: LoadPriority
  readonly isByHand: boolean
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** What the cache knows of one model. */
export class CacheEntry {
  readonly id: string
  /** Of its making; later ones stand behind where all else is equal. */
  readonly number: number
  state: CachedState = 'NOT_LOADED'
  bytes = 0
  lastUsedMs = 0
  /** The time of use by which it stands in the order. */
  orderMs = 0
  sinceMs: number
  isPinned = false
  priority = 0
  /** Unloaded when it was not used for so long. */
  idleMs: number | undefined
  failure: FailedLoad | null = null
  readonly demands = new Set<Demand>()
  /** Those of them that are requests. */
  requestCount = 0
  /** Ends the load that runs. */
  loading: AbortController | null = null
  /** Nobody wants what is being loaded. */
  isUnwanted = false
  /** Resolves when the load or unload that runs has ended. */
  ended: Promise<void> = Promise.resolve()
  /** Changes when what was begun for it is in vain. */
  attempt = 0
  queuedMs = 0
  /** Stops the timer that it has now: idle time, or the end of a failure. */
  stopTimer: (() => void) | null = null

  constructor(id: string, number: number, sinceMs: number) {
    this.id = id
    this.number = number
    this.sinceMs = sinceMs
  }

  settle(settle: (demand: Demand) => void): void {
    const demands = [...this.demands]
    this.demands.clear()
    for (const demand of demands) settle(demand)
  }

  view(): CachedModel {
    const { id, bytes, lastUsedMs, sinceMs, isPinned, failure } = this
    // What has failed may still have to be cleared away.
    const state = this.state === 'UNLOADING' && failure !== null ? 'FAILED' : this.state
    return { id, state, bytes, lastUsedMs, sinceMs, isPinned, reason: failure?.error.message ?? '' }
  }
}
