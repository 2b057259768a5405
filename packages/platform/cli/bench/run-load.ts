import { setTimeout as wait } from 'node:timers/promises'
import { createLoadRecord, type LoadResult } from './load-record.ts'

/** One call; rejects if it fails. */
export type Send = () => Promise<unknown>

export interface LoadTimes {
  /** Calls of this time are made and not counted. */
  readonly warmupMs: number
  readonly durationMs: number
  /** Aborts when no more calls are to begin. */
  readonly stop: AbortSignal
  readonly clock?: LoadClock
}

/** Time as a load sees it. */
export interface LoadClock {
  /** Milliseconds from any moment. */
  readonly now: () => number
  /** Ends early when `stop` aborts. */
  readonly sleep: (ms: number, stop: AbortSignal) => Promise<void>
}

const REAL_CLOCK: LoadClock = {
  now: () => performance.now(),
  sleep: (ms, stop) => wait(ms, undefined, { signal: stop }).catch(() => {}),
}

/** Closed loop: so many callers, each of which sends again when it has its answer. */
export async function runClosedLoop(send: Send, concurrency: number, times: LoadTimes): Promise<LoadResult> {
  const { warmupMs, durationMs, stop, clock: { now } = REAL_CLOCK } = times
  const record = createLoadRecord()
  const measuredMs = now() + warmupMs
  const endMs = measuredMs + durationMs
  let lastMs = measuredMs
  const caller = async () => {
    for (let startMs = now(); startMs < endMs && !stop.aborted; startMs = now()) {
      const isCounted = startMs >= measuredMs
      try {
        await send()
        if (isCounted) record.answer(now() - startMs)
      } catch (error) {
        if (isCounted) record.failure(error)
      }
      if (isCounted) lastMs = Math.max(lastMs, now())
    }
  }
  await Promise.all(Array.from({ length: concurrency }, caller))
  return record.result(lastMs - measuredMs)
}

/**
 * Open loop: calls begin at a fixed rate, whether earlier ones have been answered or not. Latencies count
 * from when a call was to begin, so that a server that stands still shows in every call that had to wait for
 * it, and not in one alone (coordinated omission).
 * @param maxRunning calls at the same time; others begin late, and those that never do are NOT_SENT
 */
export async function runOpenLoop(
  send: Send,
  ratePerSecond: number,
  maxRunning: number,
  times: LoadTimes,
): Promise<LoadResult> {
  const { warmupMs, durationMs, stop, clock: { now, sleep } = REAL_CLOCK } = times
  const record = createLoadRecord()
  const beginMs = now()
  const measuredMs = beginMs + warmupMs
  const endMs = measuredMs + durationMs
  const intervalMs = 1000 / ratePerSecond
  const total = Math.max(1, Math.round((warmupMs + durationMs) / intervalMs))
  const running = new Set<Promise<void>>()
  let lastMs = measuredMs
  let index = 0
  const call = async (intendedMs: number) => {
    const isCounted = intendedMs >= measuredMs
    try {
      await send()
      if (isCounted) record.answer(now() - intendedMs)
    } catch (error) {
      if (isCounted) record.failure(error)
    }
    if (isCounted) lastMs = Math.max(lastMs, now())
  }
  const intended = (at: number) => beginMs + at * intervalMs
  let freed = Promise.withResolvers<void>()
  const wake = () => {
    freed.resolve()
    freed = Promise.withResolvers<void>()
  }
  const over = setTimeout(wake, warmupMs + durationMs)
  stop.addEventListener('abort', wake, { once: true })
  while (index < total && !stop.aborted) {
    if (running.size >= maxRunning) {
      if (now() >= endMs) break
      await freed.promise
      continue
    }
    const dueMs = intended(index) - now()
    if (dueMs > 0) {
      // Timers are late by up to a millisecond; what has come due in between begins together.
      await sleep(Math.max(1, dueMs), stop)
      continue
    }
    const started = call(intended(index++)).finally(() => {
      running.delete(started)
      wake()
    })
    running.add(started)
  }
  clearTimeout(over)
  stop.removeEventListener('abort', wake)
  if (!stop.aborted) record.notSent(countedFrom(index, total, at => intended(at) >= measuredMs))
  await Promise.all(running)
  // Calls are spread over the whole duration, so that a fast answer to the last does not raise the rate.
  return record.result(Math.max(lastMs, stop.aborted ? lastMs : endMs) - measuredMs)
}

function countedFrom(from: number, total: number, isCounted: (at: number) => boolean): number {
  let first = from
  while (first < total && !isCounted(first)) first++
  return total - first
}
