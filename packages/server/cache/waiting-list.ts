import type { CacheClock } from './cache-clock.ts'
import type { CacheEntry, Demand } from './cache-entry.ts'
import type { LoadPriority } from './model-cache.ts'
import type { ModelCacheOptions } from './model-cache-options.ts'
import type { Refusals } from './refusals.ts'

/** Everybody who waits for some model: so many requests at most, and so many who load ahead. */
export class WaitingList {
  readonly #limit: number
  readonly #onWaited: ((waitedMs: number) => void) | null
  readonly #clock: CacheClock
  readonly #refusals: Refusals
  readonly #counts: Record<LoadPriority, number> = { request: 0, preload: 0 }

  constructor({ maxWaiting, observer }: ModelCacheOptions, refusals: Refusals, clock: CacheClock) {
    this.#limit = maxWaiting
    this.#onWaited = observer?.waited === undefined ? null : waitedMs => observer.waited?.(waitedMs)
    this.#clock = clock
    this.#refusals = refusals
  }

  get size(): number {
    return this.#counts.request + this.#counts.preload
  }

  /** @throws ServingError RESOURCE_EXHAUSTED when nobody more may wait */
  assertRoom(id: string, priority: LoadPriority): void {
    if (this.#counts[priority] >= this.#limit) throw this.#refusals.tooManyWait(id, this.#limit)
  }

  /**
   * Resolves or rejects when the model's demands are settled.
   * @param onLeft somebody has given up
   * @throws the signal's reason
   */
  join(
    entry: CacheEntry,
    who: Pick<Demand, 'priority' | 'isByHand'>,
    signal: AbortSignal | undefined,
    onLeft: () => void,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const leave = (): void => {
      signal?.removeEventListener('abort', abort)
      this.#counts[who.priority]--
      if (who.priority === 'request') entry.requestCount--
    }
    const sinceMs = this.#clock.epochMs()
    const demand: Demand = {
      ...who,
      resolve: () => {
        leave()
        if (who.priority === 'request') this.#onWaited?.(this.#clock.epochMs() - sinceMs)
        resolve()
      },
      reject(error) {
        leave()
        reject(error)
      },
    }
    const abort = (): void => {
      entry.demands.delete(demand)
      demand.reject(signal?.reason)
      onLeft()
    }
    this.#counts[who.priority]++
    if (who.priority === 'request') entry.requestCount++
    entry.demands.add(demand)
    signal?.addEventListener('abort', abort)
    return promise
  }
}
