import { ServingError } from '@millrace/sdk'

/** How many bytes one download may still have; what is taken for a failed attempt is given back. */
export class ByteAllowance {
  readonly #maxBytes: number
  readonly #refusal: string
  #takenBytes = 0

  /** @param refusal what the error says before the bound and the setting's name */
  constructor(maxBytes: number, refusal: string) {
    this.#maxBytes = maxBytes
    this.#refusal = refusal
  }

  get takenBytes(): number {
    return this.#takenBytes
  }

  /** @throws ServingError RESOURCE_EXHAUSTED beyond the bound */
  take(sizeBytes: number): void {
    this.#takenBytes += sizeBytes
    if (this.#takenBytes > this.#maxBytes) {
      throw new ServingError(
        'RESOURCE_EXHAUSTED',
        `${this.#refusal} more than ${this.#maxBytes} bytes (model_download_max_bytes)`,
      )
    }
  }

  giveBack(sizeBytes: number): void {
    this.#takenBytes -= sizeBytes
  }
}
