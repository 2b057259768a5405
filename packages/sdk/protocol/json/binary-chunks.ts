import { ServingError } from '../../errors/index.ts'
import type { Parameters } from '../../tensor/index.ts'

/** Which side of a model a tensor is on, as messages call it. */
export type TensorKind = 'input' | 'output'

/**
 * The bytes behind the JSON part of a body: one chunk for each binary tensor, in the order of the
 * tensors (binary tensor data extension).
 */
export class BinaryChunks {
  readonly #bytes: Uint8Array
  readonly #kind: TensorKind
  #offset = 0

  /**
   * @param bytes all that follows the JSON part
   * @param kind inputs are in a request, outputs in a response
   */
  constructor(bytes: Uint8Array, kind: TensorKind = 'input') {
    this.#bytes = bytes
    this.#kind = kind
  }

  /** The next chunk, as a view. */
  take(name: string, sizeBytes: number): Uint8Array {
    const left = this.#bytes.length - this.#offset
    if (sizeBytes > left) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `${this.#kind} '${name}' has ${sizeBytes} bytes of binary data by its binary_data_size, but the body ends ${sizeBytes - left} bytes short of that`,
      )
    }
    const start = this.#offset
    this.#offset += sizeBytes
    return this.#bytes.subarray(start, this.#offset)
  }

  /** Starts again: a list of tensors that is given twice counts as it stands the last time. */
  rewind(): void {
    this.#offset = 0
  }

  /** @throws ServingError INVALID_ARGUMENT when bytes are left over */
  finish(): void {
    const left = this.#bytes.length - this.#offset
    if (left === 0) return
    throw new ServingError(
      'INVALID_ARGUMENT',
      `the body has ${left} bytes more than the JSON part and the binary_data_size of the ${this.#kind}s account for`,
    )
  }
}

/** The `binary_data_size` of a tensor that has one. */
export function binaryDataSize(kind: TensorKind, name: string, parameters: Parameters | undefined): number {
  const size = parameters?.['binary_data_size']
  if (typeof size === 'number' && Number.isSafeInteger(size) && size >= 0) return size
  throw new ServingError(
    'INVALID_ARGUMENT',
    `parameters.binary_data_size of ${kind} '${name}' must be the number of bytes of its data, an integer of at least 0`,
  )
}
