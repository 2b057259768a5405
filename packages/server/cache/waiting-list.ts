import type { CacheEntry, Demand } from './cache-entry.ts'
import type { LoadPriority } from './model-cache.ts'
import { tooManyWait } from './refusals.ts'

/** Everybody who waits for some model: so many requests at most, and so many who load ahead. */
export class WaitingList {
  readonly #limit: number
  readonly #counts: Record<LoadPriority, number> = { request: 0, preload: 0 }

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#counts.request + this.#counts.preload
  }

  /** @throws ServingError RESOURCE_EXHAUSTED when nobody more may wait */
  assertRoom(id: string, priority: LoadPriority): void {
    if (this.#counts[priority] >= this.#limit) throw tooManyWait(id, this.#limit)
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
    const demand: Demand = {
      ...who,
      resolve() {
        leave()
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
