import { ByteBudget } from '../../base/index.ts'
import type { HttpLimits } from './http-types.ts'

/** What all requests of one listener share: places for running ones, and bytes for their bodies. */
export class Admission {
  readonly bodyBytes: ByteBudget
  readonly #maxConcurrentRequests: number
  #runningCount = 0

  constructor(limits: Pick<HttpLimits, 'maxConcurrentRequests' | 'maxInFlightBytes'>) {
    this.bodyBytes = new ByteBudget(limits.maxInFlightBytes)
    this.#maxConcurrentRequests = limits.maxConcurrentRequests
  }

  get runningCount(): number {
    return this.#runningCount
  }

  /** Takes a place, to be given back with {@link leave}; false when all are taken. */
  tryEnter(): boolean {
    if (this.#runningCount >= this.#maxConcurrentRequests) return false
    this.#runningCount += 1
    return true
  }

  leave(): void {
    this.#runningCount -= 1
  }
}
