import type { CacheClock } from './cache-clock.ts'

/** Added to a time of use that would not be later than the one before; exact at today's dates. */
const STEP_MS = 1 / 1024

/** Times of use: those of the clock, and each later than every one before. */
export class UseStamps {
  readonly #clock: CacheClock
  #lastMs = 0

  constructor(clock: CacheClock) {
    this.#clock = clock
  }

  next(): number {
    const nowMs = this.#clock.epochMs()
    // In fractions of a millisecond, which `Math.floor` takes away where lengths of time are compared.
    this.#lastMs = nowMs > this.#lastMs ? nowMs : this.#lastMs + STEP_MS
    return this.#lastMs
  }
}
