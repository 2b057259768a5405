import { ServingError } from '../errors/index.ts'
import { describeValue } from './describe-value.ts'

const PREFIX_BYTES = 4
/** Offsets are held in 32 bits, and the last one lies a prefix beyond the end. */
const MAX_PACKED_BYTES = 2 ** 32 - 1 - PREFIX_BYTES
const BRAND = Symbol.for('millrace.BytesArray')
const encoder = new TextEncoder()
// A byte order mark is part of the element: what came in as text goes out as the same bytes.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

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

  get [BRAND](): true {
    return true
  }

  /** True for arrays of any copy of this package: a model may have installed its own. */
  static is(value: unknown): value is BytesArray {
    return typeof value === 'object' && value !== null && BRAND in value
  }

  /**
   * Packs text (as UTF-8) and byte strings.
   * @throws ServingError INVALID_ARGUMENT for any other element, and for text with half a surrogate
   * pair, which UTF-8 cannot express; RESOURCE_EXHAUSTED beyond 4 GiB.
   */
  static from(values: Iterable<string | Uint8Array>): BytesArray {
    const elements: Uint8Array[] = []
    let sizeBytes = 0
    for (const value of values) {
      const element = toBytes(value, elements.length)
      elements.push(element)
      sizeBytes += PREFIX_BYTES + element.length
      checkSize(sizeBytes)
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
   * @throws ServingError INVALID_ARGUMENT when the length prefixes do not use up the bytes exactly;
   * RESOURCE_EXHAUSTED beyond 4 GiB.
   */
  static fromPacked(packed: Uint8Array, count: number): BytesArray {
    checkSize(packed.length)
    if (!Number.isInteger(count) || count < 0) {
      throw new ServingError('INVALID_ARGUMENT', `${count} is not a number of BYTES elements`)
    }
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

  /** Element `index` as a view; `undefined` where there is none. */
  at(index: number): Uint8Array | undefined {
    const start = this.#starts[index]
    const next = this.#starts[index + 1]
    if (start === undefined || next === undefined) return undefined
    return this.#packed.subarray(start, next - PREFIX_BYTES)
  }

  /**
   * Element `index` as text; `undefined` where there is none.
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

  /** Elements `start` to before `end`, counted as `Array.slice` counts them. A view on the same memory. */
  slice(start = 0, end: number = this.length): BytesArray {
    const first = clampIndex(start, this.length)
    const last = Math.max(first, clampIndex(end, this.length))
    const starts = this.#starts.subarray(first, last + 1)
    const offset = starts[0]! - PREFIX_BYTES
    return new BytesArray(
      this.#packed.subarray(offset, starts.at(-1)! - PREFIX_BYTES),
      starts.map(value => value - offset),
    )
  }

  /** All elements with their length prefixes, as they travel in the binary tensor extension. Not a copy. */
  packed(): Uint8Array {
    return this.#packed
  }
}

function toBytes(value: unknown, index: number): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (typeof value !== 'string') {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `element ${index}: ${describeValue(value)} is not text or bytes, which BYTES needs`,
    )
  }
  if (!value.isWellFormed()) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `element ${index}: text with half a surrogate pair cannot be written as UTF-8`,
    )
  }
  return encoder.encode(value)
}

function checkSize(sizeBytes: number): void {
  if (sizeBytes <= MAX_PACKED_BYTES) return
  throw new ServingError(
    'RESOURCE_EXHAUSTED',
    `a BYTES tensor holds at most ${MAX_PACKED_BYTES} bytes, length prefixes included; this one has at least ${sizeBytes}`,
  )
}

/** An index as `Array.slice` reads it: from the end when negative, never outside. */
function clampIndex(index: number, length: number): number {
  const whole = Math.trunc(index) || 0
  return whole < 0 ? Math.max(0, length + whole) : Math.min(whole, length)
}
