import { ServingError } from '@millrace/sdk'

/** Overload is over in about the time of a few inferences; clients add jitter of their own. */
export const RETRY_AFTER_MS = 1000

export interface RunningCall {
  /** Where the call stands among the running ones; theirs to set, -1 outside. */
  runningIndex: number
  fail(error: ServingError): void
}

/** The calls of a listener that hold a slot, over all its connections. */
export class RunningCalls {
  readonly #maxCalls: number
  /** In no order. A set would keep more of each call, for longer, than the calls themselves need. */
  readonly #calls: RunningCall[] = []
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
    call.runningIndex = this.#calls.push(call) - 1
  }

  /** Gives the slot back; nothing happens for a call that never entered. */
  leave(call: RunningCall, isExempt: boolean): void {
    const index = call.runningIndex
    if (index < 0) return
    call.runningIndex = -1
    const last = this.#calls.pop()!
    if (last !== call) {
      this.#calls[index] = last
      last.runningIndex = index
    }
    if (!isExempt) this.#countedCalls--
  }

  failAll(error: ServingError): void {
    for (const call of this.#calls.slice()) call.fail(error)
  }
}
