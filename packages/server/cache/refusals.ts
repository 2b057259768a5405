import { ServingError } from '@millrace/sdk'
import type { FailedLoad } from './failed-load.ts'

/** What the cache calls what it keeps, and the settings that its refusals name. */
export interface CacheWords {
  /** Such as `Model`, as a sentence begins. */
  readonly model: string
  readonly budget: string
  readonly maxWaiting: string
  readonly churnAge: string
}

const SERVER_WORDS: CacheWords = {
  model: 'Model',
  budget: 'the memory for models (model_memory_budget)',
  maxWaiting: 'model_memory_max_waiting',
  churnAge: 'model_memory_churn_age',
}

/** When there may be room again: a load or an unload takes about so long. */
const SOON_MS = 1000

/**
 * What the cache tells those who do not get a model. All of it passes, so that all of it says when to come back; only an
 * unknown model does not.
 */
export class Refusals {
  readonly #words: CacheWords
  /** As within a sentence. */
  readonly #model: string

  /** @param words default: those of a server's settings */
  constructor(words: CacheWords = SERVER_WORDS) {
    this.#words = words
    this.#model = words.model.toLowerCase()
  }

  unknownModel(id: string): ServingError {
    return new ServingError('NOT_FOUND', `${this.#words.model} ${id} not found`)
  }

  noBudget(bytes: number): ServingError {
    const text = `${bytes} is not a budget; allowed is a whole number of bytes`
    return new ServingError('INVALID_ARGUMENT', text)
  }

  stopping(): ServingError {
    return new ServingError('UNAVAILABLE', 'the server is stopping')
  }

  tooManyWait(id: string, limit: number): ServingError {
    const { model, maxWaiting } = this.#words
    return overload(
      `${model} queue overload: ${limit} requests wait for ${this.#model}s to be loaded, which is the limit (${maxWaiting}); ${id} is not loaded`,
    )
  }

  tooLarge(id: string, bytes: number, usable: number, isMeasured: boolean): ServingError {
    const takes = isMeasured ? `takes ${bytes} bytes` : `will probably take ${bytes} bytes`
    return overload(`${this.#words.model} ${id} ${takes}, and ${this.#words.budget} has ${usable}`)
  }

  allPinned(id: string, bytes: number): ServingError {
    const { model, budget } = this.#words
    return overload(`${model} ${id} needs ${bytes} bytes, and all that is loaded in ${budget} is pinned`)
  }

  tooOld(id: string, bytes: number): ServingError {
    const { model, budget } = this.#words
    return overload(
      `${model} ${id} needs ${bytes} bytes, and whatever is loaded in ${budget} has been used since it was`,
    )
  }

  churning(id: string, ageMs: number, leastMs: number): ServingError {
    return new ServingError(
      'RESOURCE_EXHAUSTED',
      `Cache churn threshold exceeded: to load ${this.#model} ${id} another one would go that was used ${seconds(ageMs)} s ago, ` +
        `and none goes before ${seconds(leastMs)} s (${this.#words.churnAge})`,
      { retryAfterMs: Math.max(Math.ceil(leastMs - ageMs), 1), httpStatus: 503 },
    )
  }

  removed(id: string): ServingError {
    return new ServingError('UNAVAILABLE', `${this.#words.model} ${id} was unloaded before it could answer`, {
      retryAfterMs: SOON_MS,
    })
  }

  loadTooSlow(id: string, timeoutMs: number): ServingError {
    const text = `Load of ${this.#model} ${id} timed out after ${seconds(timeoutMs)} s`
    return new ServingError('DEADLINE_EXCEEDED', text)
  }

  /** For those who come, or have waited, while a failure is remembered. */
  hasFailed(id: string, { error, retryAtMs }: FailedLoad, nowMs: number): ServingError {
    const retryAfterMs = Math.max(Math.ceil(retryAtMs - nowMs), 1)
    return new ServingError(
      'UNAVAILABLE',
      `${this.#words.model} ${id} could not be loaded, and is tried again in ${seconds(retryAfterMs)} s: ${error.message}`,
      { retryAfterMs, cause: error },
    )
  }
}

function overload(message: string): ServingError {
  return new ServingError('RESOURCE_EXHAUSTED', message, { retryAfterMs: SOON_MS, httpStatus: 503 })
}

function seconds(ms: number): number {
  return Math.ceil(ms / 100) / 10
}
