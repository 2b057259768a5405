import type { CacheClock } from './cache-clock.ts'

/** A clock that moves when it is told to. */
export class FakeCacheClock implements CacheClock {
  #nowMs = 1_750_000_000_000
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>()

  epochMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  get timerCount(): number {
    return this.#timers.size
  }

  /** Moves on, calls timers at their times, and lets what they began go on. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    for (;;) {
      const [next] = [...this.#timers].toSorted((a, b) => a.atMs - b.atMs)
      if (next === undefined || next.atMs > untilMs) break
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      this.#timers.delete(next)
      next.callback()
      await settled()
    }
    this.#nowMs = untilMs
    await settled()
  }
}

/** Passes when everything has happened that needs no time. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(resolve => void setImmediate(resolve))
}
