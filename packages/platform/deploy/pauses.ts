import { setTimeout as wait } from 'node:timers/promises'

const FIRST_MS = 25
const GROWTH = 1.5

/** Waits for some time. Rejects with the signal's reason. */
export async function sleep(lengthMs: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(lengthMs, undefined, { signal })
  } catch {
    throw signal.reason
  }
}

/** Waits between attempts, longer each time: 25 ms at first, `longestMs` at last. Rejects with the signal's reason. */
export function createPause(longestMs: number): (signal: AbortSignal) => Promise<void> {
  let lengthMs = Math.min(FIRST_MS, longestMs)
  return async signal => {
    await sleep(lengthMs, signal)
    lengthMs = Math.min(longestMs, lengthMs * GROWTH)
  }
}
