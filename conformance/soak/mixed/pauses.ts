import { setTimeout as delay } from 'node:timers/promises'

/** Waits. Resolves with false when the signal has come. */
export function paused(pauseMs: number, signal: AbortSignal): Promise<boolean> {
  return delay(pauseMs, true, { signal }).catch(() => false)
}

/** Waits for the next of the times that come every `periodMs`; what is done in between does not put them off. */
export function everySoOften(periodMs: number, signal: AbortSignal): () => Promise<boolean> {
  let nextMs = performance.now()
  return () => {
    const nowMs = performance.now()
    nextMs = Math.max(nextMs + periodMs, nowMs)
    return paused(nextMs - nowMs, signal)
  }
}
