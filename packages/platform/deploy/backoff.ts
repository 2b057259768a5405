const GROWTH = 2
const LONGEST_MS = 60_000

/** How long to wait before the next start of something that keeps failing. */
export interface Backoff {
  /** Twice as long each time up to a minute, spread so that replicas that fail together do not start together. */
  readonly next: () => number
  /** Begins anew with the shortest. */
  readonly reset: () => void
}

/** @param random from 0 up to 1: waits are between half of what is due and all of it */
export function createBackoff(shortestMs: number, random: () => number = Math.random): Backoff {
  let dueMs = shortestMs
  return {
    next() {
      const lengthMs = dueMs * (0.5 + random() / 2)
      dueMs = Math.max(shortestMs, Math.min(LONGEST_MS, dueMs * GROWTH))
      return lengthMs
    },
    reset() {
      dueMs = shortestMs
    },
  }
}
