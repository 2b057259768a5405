import { ServingError } from '@millrace/sdk'

/** Overload is over in about the time of a few inferences; clients add jitter of their own. */
export const RETRY_AFTER_MS = 1000

export interface RunningCall {
  fail(error: ServingError): void
}

/** The calls of a listener that hold a slot, over all its connections. */
export class RunningCalls {
  readonly #maxCalls: number
  readonly #calls = new Set<RunningCall>()
  #countedCalls = 0

  constructor(maxCalls: number) {
    this.#maxCalls = maxCalls
  }

  /** @throws ServingError RESOURCE_EXHAUSTED when all slots are taken; exempt calls need none */
  enter(call: RunningCall, isExempt: boolean): void {
    if (!isExempt) {
      if (this.#countedCalls >= this.#maxCalls) {
        throw new ServingError(
          'RESOURCE_EXHAUSTED',
          `the server is answering ${this.#maxCalls} calls, which is as many as it may; try again later`,
          { retryAfterMs: RETRY_AFTER_MS },
        )
      }
      this.#countedCalls++
    }
    this.#calls.add(call)
  }

  /** Gives the slot back; nothing happens for a call that never entered. */
  leave(call: RunningCall, isExempt: boolean): void {
    if (this.#calls.delete(call) && !isExempt) this.#countedCalls--
  }

  failAll(error: ServingError): void {
    for (const call of this.#calls) call.fail(error)
  }
}
