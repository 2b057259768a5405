import { ServingError } from '@millrace/sdk'
import type { CallFigures } from './call-figures.ts'
import { GatewayFailure } from './gateway-failure.ts'
import type { ServableDemand } from './servable-demand.ts'
import { withdrawal } from './withdrawal.ts'

/** A variant that nobody waits for, whose servable sleeps on. It counts as not asked. */
export class LeftAsleep extends GatewayFailure {}

interface AwakeCall {
  readonly isBackground: boolean
  readonly signal: AbortSignal
  readonly deadlineMs: number
  readonly figures: CallFigures
}

/** One that was just started may have to go again before it is asked; more often than this it is not tried. */
const WAKES = 3

/**
 * Asks a servable that may have to be started first, within the deadline and `startTimeoutMs`.
 * @param send asks it; called when it runs
 * @throws GatewayFailure with why it was not started, `LeftAsleep` for a call in the background; and what `send` throws
 */
export async function askAwake<T>(
  name: string,
  demand: ServableDemand,
  pool: { readonly endpointCount: number },
  call: AwakeCall,
  startTimeoutMs: number,
  send: () => Promise<T>,
): Promise<T> {
  if (pool.endpointCount === 0) await wake(name, demand, pool, call, startTimeoutMs)
  // Between this look at its replicas and the next nothing else runs, so that they cannot go.
  demand.entered(name, call.isBackground)
  try {
    return await send()
  } finally {
    demand.left(name)
  }
}

async function wake(
  name: string,
  demand: ServableDemand,
  pool: { readonly endpointCount: number },
  { isBackground, signal: withdrawn, deadlineMs, figures }: AwakeCall,
  startTimeoutMs: number,
): Promise<void> {
  const late = new AbortController()
  const leftMs = Math.min(deadlineMs - Date.now(), startTimeoutMs)
  const timer = setTimeout(() => late.abort(notStarted(name, leftMs)), Math.max(leftMs, 0))
  const signal = AbortSignal.any([withdrawn, late.signal])
  try {
    for (let count = 0; pool.endpointCount === 0 && count < WAKES; count++) {
      await demand.wake(name, { isBackground, signal })
    }
  } catch (error) {
    if (withdrawn.aborted) throw withdrawal(withdrawn)
    const { code, message, retryAfterMs, httpStatus } = ServingError.from(
      error,
      `servable ${name} could not be started`,
    )
    const options = {
      cause: error,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(httpStatus === undefined ? {} : { httpStatus }),
    }
    if (!isBackground) throw new GatewayFailure('InternalUncaught', code, message, options)
    figures.asleepCount++
    throw new LeftAsleep('InternalUncaught', code, message, options)
  } finally {
    clearTimeout(timer)
  }
}

function notStarted(name: string, waitedMs: number): GatewayFailure {
  const seconds = Math.ceil(waitedMs / 100) / 10
  return new GatewayFailure(
    'InternalUncaught',
    'DEADLINE_EXCEEDED',
    `servable ${name} was asleep, and was not started within ${seconds} s`,
  )
}
