/**
 * Counts bytes held at once against a fixed limit. Whoever reserved releases the same number, once;
 * nothing waits here, so that overload is refused at the door.
 */
export class ByteBudget {
  readonly #limitBytes: number
  #heldBytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  get limitBytes(): number {
    return this.#limitBytes
  }

  /** Takes `sizeBytes` out of the budget, or returns false and takes nothing. */
  tryReserve(sizeBytes: number): boolean {
    if (this.#heldBytes + sizeBytes > this.#limitBytes) return false
    this.#heldBytes += sizeBytes
    return true
  }

  release(sizeBytes: number): void {
    this.#heldBytes -= sizeBytes
  }
}
