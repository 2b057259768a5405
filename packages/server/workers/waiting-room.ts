import { type RequestContext, ServingError } from '@millrace/sdk'
import type { PooledModel } from './pooled-model.ts'
import type { WorkerSeat } from './worker-seat.ts'

interface Waiter {
  readonly model: PooledModel
  readonly resolve: (seat: WorkerSeat) => void
  readonly reject: (error: unknown) => void
}

/** What one wait may be ended by. */
export type WaitLimits = Pick<RequestContext, 'signal' | 'deadlineMs'>

/** Longest time that a timer of Node.js can be set to. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Those who wait until a worker holds their model. */
export class WaitingRoom {
  readonly #waiters = new Set<Waiter>()
  readonly #maxCount: number

  constructor(maxCount: number) {
    this.#maxCount = maxCount
  }

  /** @throws ServingError RESOURCE_EXHAUSTED when it is full, DEADLINE_EXCEEDED, or the signal's reason */
  async wait(model: PooledModel, { signal, deadlineMs }: WaitLimits): Promise<WorkerSeat> {
    const { name } = model.settings
    signal.throwIfAborted()
    if (this.#waiters.size >= this.#maxCount) {
      throw new ServingError(
        'RESOURCE_EXHAUSTED',
        `Model ${name} has no worker at the moment, and ${this.#maxCount} requests wait for one already`,
        { retryAfterMs: 1000 },
      )
    }
    const { promise, resolve, reject } = Promise.withResolvers<WorkerSeat>()
    const waiter: Waiter = { model, resolve, reject }
    const abort = (): void => reject(signal.reason)
    const timer = Number.isFinite(deadlineMs)
      ? setTimeout(
          () =>
            reject(new ServingError('DEADLINE_EXCEEDED', `Model ${name} had no worker before the deadline`)),
          Math.min(MAX_TIMER_MS, Math.max(0, deadlineMs - Date.now())),
        )
      : undefined
    signal.addEventListener('abort', abort)
    this.#waiters.add(waiter)
    try {
      return await promise
    } finally {
      this.#waiters.delete(waiter)
      signal.removeEventListener('abort', abort)
      clearTimeout(timer)
    }
  }

  /** Looks at everyone who waits: `find` gives the seat, or throws why there will be none, or gives nothing yet. */
  serve(find: (model: PooledModel) => WorkerSeat | undefined): void {
    for (const { model, resolve, reject } of this.#waiters) {
      try {
        const seat = find(model)
        if (seat !== undefined) resolve(seat)
      } catch (error) {
        reject(error)
      }
    }
  }
}
