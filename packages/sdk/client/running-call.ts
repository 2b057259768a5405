import { ServingError } from '../errors/index.ts'
import type { CallOptions } from './inference-client.ts'

/** Longer than this, timers of Node.js fire at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

/** A call from its beginning to its end, whichever way it ends. */
export interface RunningCall {
  /** Aborts when the caller withdraws the call or its time is up. */
  readonly signal: AbortSignal
  readonly timeoutMs: number
  /** Why `signal` aborted; undefined if it has not. */
  readonly failure: () => ServingError | undefined
  /** Starts the time anew: an answer of a stream has come. */
  readonly restart: () => void
  /** Frees timer and listener. */
  readonly end: () => void
}

/**
 * @throws ServingError CANCELLED when the caller's signal has aborted already; INVALID_ARGUMENT for a
 * timeout that is none
 */
export function startCall(options: CallOptions, defaultTimeoutMs: number): RunningCall {
  const { signal: outer, timeoutMs = defaultTimeoutMs } = options
  if (!(timeoutMs > 0)) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `timeoutMs is ${timeoutMs}; it must be a number of milliseconds above 0`,
    )
  }
  if (outer?.aborted === true) throw withdrawn(outer)
  const controller = new AbortController()
  let failure: ServingError | undefined
  const stop = (reason: ServingError) => {
    failure ??= reason
    controller.abort(failure)
  }
  const onAbort = () => stop(withdrawn(outer!))
  outer?.addEventListener('abort', onAbort, { once: true })
  const onTimeout = () =>
    stop(new ServingError('DEADLINE_EXCEEDED', `the server did not answer within ${timeoutMs} ms`))
  const timer = setTimeout(onTimeout, Math.min(timeoutMs, MAX_TIMEOUT_MS))
  return {
    signal: controller.signal,
    timeoutMs,
    failure: () => failure,
    restart: () => void timer.refresh(),
    end() {
      clearTimeout(timer)
      outer?.removeEventListener('abort', onAbort)
    },
  }
}

function withdrawn(signal: AbortSignal): ServingError {
  return new ServingError('CANCELLED', 'the call was withdrawn', { cause: signal.reason })
}
