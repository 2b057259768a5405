/** Time as the cache sees it. */
export interface CacheClock {
  /** Milliseconds of the epoch. */
  epochMs(): number
  /** Calls back once, not before `delayMs` have passed; keeps no process alive. Returns what cancels it. */
  after(delayMs: number, callback: () => void): () => void
}

/** A timer cannot be set for longer: 24.8 days. */
const MAX_TIMER_MS = 2 ** 31 - 1

export const systemClock: CacheClock = {
  epochMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.ceil(delayMs), MAX_TIMER_MS)).unref()
    return () => clearTimeout(timer)
  },
}
