import { ServingError } from '../errors/index.ts'

const PREFIX_BYTES = 4
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * The elements of a `BYTES` tensor: byte strings of any length, held in one piece of memory.
 *
 *     bytes    02 00 00 00 'h' 'i'   00 00 00 00   03 00 00 00 'y' 'o' 'u'
 *     starts               ^4                      ^10         ^14
 *
 * The layout is that of the binary tensor extension (4-byte little-endian length before each
 * element), so a tensor that came in raw goes out raw without being touched.
 */
export class BytesArray implements Iterable<Uint8Array> {
  readonly #packed: Uint8Array
  /** `#starts[i]` is where element `i` begins; one more entry marks where a next one would. */
  readonly #starts: Uint32Array

  private constructor(packed: Uint8Array, starts: Uint32Array) {
    this.#packed = packed
    this.#starts = starts
  }

  /** Packs text (as UTF-8) and byte strings. */
  static from(values: Iterable<string | Uint8Array>): BytesArray {
    const elements: Uint8Array[] = []
    let sizeBytes = 0
    for (const value of values) {
      const element = typeof value === 'string' ? encoder.encode(value) : value
      elements.push(element)
      sizeBytes += PREFIX_BYTES + element.length
    }
    const packed = new Uint8Array(sizeBytes)
    const view = new DataView(packed.buffer)
    const starts = new Uint32Array(elements.length + 1)
    let offset = 0
    for (const [index, element] of elements.entries()) {
      view.setUint32(offset, element.length, true)
      starts[index] = offset + PREFIX_BYTES
      packed.set(element, offset + PREFIX_BYTES)
      offset += PREFIX_BYTES + element.length
    }
    starts[elements.length] = offset + PREFIX_BYTES
    return new BytesArray(packed, starts)
  }

  /**
   * Reads `count` elements from packed bytes, without copying them.
   * @throws ServingError INVALID_ARGUMENT when the length prefixes do not use up the bytes exactly.
   */
  static fromPacked(packed: Uint8Array, count: number): BytesArray {
    // Every element takes at least its prefix, so a hostile count fails here before memory is taken.
    if (count > packed.length / PREFIX_BYTES) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `${packed.length} bytes cannot hold ${count} BYTES elements, each of which starts with a 4-byte length`,
      )
    }
    const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
    const starts = new Uint32Array(count + 1)
    let offset = 0
    for (let index = 0; index < count; index++) {
      const left = packed.length - offset - PREFIX_BYTES
      const length = left < 0 ? 0 : view.getUint32(offset, true)
      if (left < length) {
        throw new ServingError(
          'INVALID_ARGUMENT',
          left < 0
            ? `the bytes end inside the 4-byte length of element ${index} of ${count}`
            : `element ${index} says it has ${length} bytes, but only ${left} are left`,
        )
      }
      starts[index] = offset + PREFIX_BYTES
      offset += PREFIX_BYTES + length
    }
    if (offset !== packed.length) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `${packed.length - offset} bytes are left over after the last of ${count} elements`,
      )
    }
    starts[count] = offset + PREFIX_BYTES
    return new BytesArray(packed, starts)
  }

  get length(): number {
    return this.#starts.length - 1
  }

  /** Element `index` as a view; `undefined` beyond the end. */
  at(index: number): Uint8Array | undefined {
    if (index < 0 || index >= this.length) return undefined
    return this.#packed.subarray(this.#starts[index], this.#starts[index + 1]! - PREFIX_BYTES)
  }

  /**
   * Element `index` as text; `undefined` beyond the end.
   * @throws ServingError INVALID_ARGUMENT when it is not valid UTF-8.
   */
  textAt(index: number): string | undefined {
    const element = this.at(index)
    if (element === undefined) return undefined
    try {
      return decoder.decode(element)
    } catch (error) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `element ${index} is not valid UTF-8 text; bytes that are not text need the base64 content type, binary tensor data or gRPC`,
        { cause: error },
      )
    }
  }

  /** Every element as text. */
  toStrings(): string[] {
    return Array.from({ length: this.length }, (_, index) => this.textAt(index)!)
  }

  *[Symbol.iterator](): Iterator<Uint8Array> {
    for (let index = 0; index < this.length; index++) yield this.at(index)!
  }

  /** Elements `start` to `end` as a view on the same memory. */
  slice(start: number, end: number): BytesArray {
    const starts = this.#starts.subarray(start, end + 1)
    const first = (starts[0] ?? PREFIX_BYTES) - PREFIX_BYTES
    const last = (starts.at(-1) ?? PREFIX_BYTES) - PREFIX_BYTES
    return new BytesArray(
      this.#packed.subarray(first, last),
      starts.map(value => value - first),
    )
  }

  /** All elements with their length prefixes, as they travel in the binary tensor extension. Not a copy. */
  packed(): Uint8Array {
    return this.#packed
  }
}
