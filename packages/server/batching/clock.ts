/** Time as the batcher sees it. */
export interface Clock {
  /** Milliseconds since some moment, with fractions; never goes back. */
  now(): number
  /** Milliseconds since the epoch, to which deadlines refer. */
  epochMs(): number
  /** Calls back once, not before `delayMs` have passed. Returns what cancels it. */
  after(delayMs: number, callback: () => void): () => void
}

/** A timer cannot be set for longer: 24.8 days. */
const MAX_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => performance.now(),
  epochMs: () => Date.now(),
  after(delayMs, callback) {
    // Timers drop fractions and would fire early; who is called early by the limit sets a new one.
    const timer = setTimeout(callback, Math.min(Math.ceil(delayMs), MAX_TIMER_MS))
    return () => clearTimeout(timer)
  },
}
