import { ServingError } from '@millrace/sdk'
import type { FailedLoad } from './failed-load.ts'

/*
 * What the cache tells those who do not get a model. All of it passes, so that all of it says when to come back; only an
 * unknown model does not.
 */

const BUDGET = 'the memory for models (model_memory_budget)'
/** When there may be room again: a load or an unload takes about so long. */
const SOON_MS = 1000

export function unknownModel(id: string): ServingError {
  return new ServingError('NOT_FOUND', `Model ${id} not found`)
}

export function stopping(): ServingError {
  return new ServingError('UNAVAILABLE', 'the server is stopping')
}

export function tooManyWait(id: string, limit: number): ServingError {
  return overload(
    `Model queue overload: ${limit} requests wait for models to be loaded, which is the limit (model_memory_max_waiting); ${id} is not loaded`,
  )
}

export function tooLarge(id: string, bytes: number, usable: number, isMeasured: boolean): ServingError {
  const takes = isMeasured ? `takes ${bytes} bytes` : `will probably take ${bytes} bytes`
  return overload(`Model ${id} ${takes}, and ${BUDGET} has ${usable}`)
}

export function allPinned(id: string, bytes: number): ServingError {
  return overload(`Model ${id} needs ${bytes} bytes, and all that is loaded in ${BUDGET} is pinned`)
}

export function tooOld(id: string, bytes: number): ServingError {
  return overload(
    `Model ${id} needs ${bytes} bytes, and whatever is loaded in ${BUDGET} has been used since it was`,
  )
}

export function churning(id: string, ageMs: number, leastMs: number): ServingError {
  return new ServingError(
    'RESOURCE_EXHAUSTED',
    `Cache churn threshold exceeded: to load model ${id} another one would go that was used ${seconds(ageMs)} s ago, ` +
      `and none goes before ${seconds(leastMs)} s (model_memory_churn_age)`,
    { retryAfterMs: Math.max(Math.ceil(leastMs - ageMs), 1), httpStatus: 503 },
  )
}

export function removed(id: string): ServingError {
  return new ServingError('UNAVAILABLE', `Model ${id} was unloaded before it could answer`, {
    retryAfterMs: SOON_MS,
  })
}

export function loadTooSlow(id: string, timeoutMs: number): ServingError {
  return new ServingError('DEADLINE_EXCEEDED', `Load of model ${id} timed out after ${seconds(timeoutMs)} s`)
}

/** For those who come, or have waited, while a failure is remembered. */
export function hasFailed(id: string, { error, retryAtMs }: FailedLoad, nowMs: number): ServingError {
  const retryAfterMs = Math.max(Math.ceil(retryAtMs - nowMs), 1)
  return new ServingError(
    'UNAVAILABLE',
    `Model ${id} could not be loaded, and is tried again in ${seconds(retryAfterMs)} s: ${error.message}`,
    { retryAfterMs, cause: error },
  )
}

function overload(message: string): ServingError {
  return new ServingError('RESOURCE_EXHAUSTED', message, { retryAfterMs: SOON_MS, httpStatus: 503 })
}

function seconds(ms: number): number {
  return Math.ceil(ms / 100) / 10
}
