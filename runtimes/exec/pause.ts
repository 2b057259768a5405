import { setTimeout as wait } from 'node:timers/promises'

const FIRST_MS = 25
const LONGEST_MS = 500
const GROWTH = 1.5

/** Waits between attempts, longer each time: 25 ms at first, half a second at last. Rejects with the signal's reason. */
export function createPause(signal: AbortSignal): () => Promise<void> {
  let lengthMs = FIRST_MS
  return async () => {
    try {
      await wait(lengthMs, undefined, { signal })
    } catch {
      throw signal.reason
    }
    lengthMs = Math.min(LONGEST_MS, lengthMs * GROWTH)
  }
}
