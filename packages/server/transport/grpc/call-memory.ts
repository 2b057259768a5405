import { ServingError } from '@millrace/sdk'
import type { ByteBudget } from '../../base/index.ts'
import { RETRY_AFTER_MS } from './running-calls.ts'

/** What a call that is exempt from the limits may hold; a health check is far smaller. */
const EXEMPT_BYTES = 65_536

/** What one call holds of the listener's budget for bytes of requests. */
export class CallMemory {
  readonly #budget: ByteBudget
  readonly #isExempt: boolean
  #heldBytes = 0
  #isClosed = false

  constructor(budget: ByteBudget, isExempt: boolean) {
    this.#budget = budget
    this.#isExempt = isExempt
  }

  /** @throws ServingError RESOURCE_EXHAUSTED when the budget is used up, CANCELLED after `close` */
  reserve(sizeBytes: number): void {
    if (this.#isClosed) throw new ServingError('CANCELLED', 'the call is over')
    if (this.#isExempt) {
      if (this.#heldBytes + sizeBytes > EXEMPT_BYTES) {
        throw new ServingError(
          'RESOURCE_EXHAUSTED',
          `${this.#heldBytes + sizeBytes} bytes are too much for this method; allowed are ${EXEMPT_BYTES}`,
        )
      }
    } else if (!this.#budget.tryReserve(sizeBytes)) {
      throw new ServingError(
        'RESOURCE_EXHAUSTED',
        `${sizeBytes} more bytes of requests do not fit into the ${this.#budget.limitBytes} bytes that may be ` +
          'held at once; try again later',
        { retryAfterMs: RETRY_AFTER_MS },
      )
    }
    this.#heldBytes += sizeBytes
  }

  release(sizeBytes: number): void {
    // All has been given back already.
    if (this.#isClosed) return
    this.#heldBytes -= sizeBytes
    if (!this.#isExempt) this.#budget.release(sizeBytes)
  }

  /** Gives everything back. */
  close(): void {
    this.release(this.#heldBytes)
    this.#isClosed = true
  }
}
