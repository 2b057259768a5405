import type { Clock } from './clock.ts'

/** A clock that moves when it is told to. */
export class FakeClock implements Clock {
  #nowMs = 0
  #timers: { readonly atMs: number; readonly callback: () => void }[] = []

  now(): number {
    return this.#nowMs
  }

  epochMs(): number {
    return 1_000_000 + this.#nowMs
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer)
    }
  }

  /** How many timers are set. */
  get timerCount(): number {
    return this.#timers.length
  }

  /** Moves on, calling timers at their times, and lets a turn of the event loop pass after each. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    for (;;) {
      const next = this.#timers.toSorted((a, b) => a.atMs - b.atMs)[0]
      if (next === undefined || next.atMs > untilMs) break
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      this.#timers = this.#timers.filter(other => other !== next)
      next.callback()
      await turn()
    }
    this.#nowMs = untilMs
    await turn()
  }

  sleep(ms: number): Promise<void> {
    return new Promise(resolve => void this.after(ms, resolve))
  }
}

/** Passes after everything that was due in this turn of the event loop, batches that start at its end included. */
export async function turn(): Promise<void> {
  for (let count = 0; count < 3; count++) await new Promise(resolve => void setImmediate(resolve))
}
