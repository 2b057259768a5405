export interface Expiring {
  /** On the clock of `performance.now()`. */
  readonly expiresAtMs: number
  onDeadline(): void
}

/**
 * Deadlines that all lie the same time ahead, so that the order they come in is the order they pass in:
 * one timer for the oldest does for all, and a request costs no timer of its own.
 */
export class DeadlineQueue {
  readonly #entries = new Set<Expiring>()
  #timer: NodeJS.Timeout | undefined

  get size(): number {
    return this.#entries.size
  }

  /** @param entry expires no earlier than those added before; adding it again does nothing */
  add(entry: Expiring): void {
    this.#entries.add(entry)
    if (this.#timer === undefined) this.#arm(entry)
  }

  /** The timer is left alone: it finds out when it fires. */
  delete(entry: Expiring): void {
    this.#entries.delete(entry)
  }

  #arm(next: Expiring): void {
    const delayMs = Math.max(1, Math.ceil(next.expiresAtMs - performance.now()))
    // Sockets keep the process alive while anybody waits for an answer.
    this.#timer = setTimeout(() => this.#expire(), delayMs).unref()
  }

  #expire(): void {
    this.#timer = undefined
    const nowMs = performance.now()
    for (const entry of this.#entries) {
      if (entry.expiresAtMs > nowMs) {
        this.#arm(entry)
        return
      }
      this.#entries.delete(entry)
      entry.onDeadline()
    }
  }
}
