import { setTimeout as delay } from 'node:timers/promises'
import { type Logger, ServingError } from '@millrace/sdk'

export interface RetryPolicy {
  /** Failures in a row, after which the last one is final. */
  readonly attempts: number
  /** The first wait, which doubles each time; each is shortened at random by up to half. */
  readonly delayMs: number
}

/** 200 ms to 3.2 s: some six seconds altogether. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = { attempts: 6, delayMs: 200 }

/** What a server may ask for; longer than this is for a later load. */
const LONGEST_WAIT_MS = 30_000

export interface RetryOptions {
  readonly policy: RetryPolicy
  readonly signal: AbortSignal
  readonly log: Pick<Logger, 'warn'>
}

/**
 * Runs `task` until it succeeds or fails with another error than UNAVAILABLE. The task calls
 * `progress` when it got on, so that a long download survives many short interruptions.
 * @throws what the last attempt threw, or the signal's reason
 */
export async function retrying<T>(
  { policy, signal, log }: RetryOptions,
  task: (progress: () => void) => Promise<T>,
): Promise<T> {
  let failures = 0
  const progress = () => {
    failures = 0
  }
  for (;;) {
    try {
      return await task(progress)
    } catch (error) {
      signal.throwIfAborted()
      failures++
      if (!ServingError.is(error) || error.code !== 'UNAVAILABLE' || failures >= policy.attempts) throw error
      const backoffMs = policy.delayMs * 2 ** (failures - 1) * (0.5 + Math.random() / 2)
      const waitMs = Math.min(Math.max(backoffMs, error.retryAfterMs ?? 0), LONGEST_WAIT_MS)
      log.warn(`${error.message}; trying again`, { attempt: failures + 1, waitMs: Math.round(waitMs) })
      await delay(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted())
    }
  }
}
