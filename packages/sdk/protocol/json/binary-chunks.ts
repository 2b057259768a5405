import { ServingError } from '../../errors/index.ts'
import type { Parameters } from '../../tensor/index.ts'

/**
 * The bytes behind the JSON part of a request: one chunk for each binary input, in the order of the
 * inputs (binary tensor data extension).
 */
export class BinaryChunks {
  readonly #bytes: Uint8Array
  #offset = 0

  /** @param bytes all that follows the JSON part */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** The next chunk, as a view. */
  take(inputName: string, sizeBytes: number): Uint8Array {
    const left = this.#bytes.length - this.#offset
    if (sizeBytes > left) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `input '${inputName}' has ${sizeBytes} bytes of binary data by its binary_data_size, but the body ends ${sizeBytes - left} bytes short of that`,
      )
    }
    const start = this.#offset
    this.#offset += sizeBytes
    return this.#bytes.subarray(start, this.#offset)
  }

  /** Starts again: a list of inputs that is given twice counts as it stands the last time. */
  rewind(): void {
    this.#offset = 0
  }

  /** @throws ServingError INVALID_ARGUMENT when bytes are left over */
  finish(): void {
    const left = this.#bytes.length - this.#offset
    if (left === 0) return
    throw new ServingError(
      'INVALID_ARGUMENT',
      `the body has ${left} bytes more than the JSON part and the binary_data_size of the inputs account for`,
    )
  }
}

/** The `binary_data_size` of an input that has one. */
export function binaryDataSize(inputName: string, parameters: Parameters | undefined): number {
  const size = parameters?.['binary_data_size']
  if (typeof size === 'number' && Number.isSafeInteger(size) && size >= 0) return size
  throw new ServingError(
    'INVALID_ARGUMENT',
    `parameters.binary_data_size of input '${inputName}' must be the number of bytes of its data, an integer of at least 0`,
  )
}
