import { ServingError } from '../../errors/index.ts'
import { cachedText } from '../json/text-cache.ts'
import { FIXED32, FIXED64, LENGTH_DELIMITED, VARINT } from './wire-types.ts'

/** Bytes of the longest varint: 64 bits, seven to a byte. */
const MAX_VARINT_BYTES = 10

// A byte order mark is part of a protobuf string.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** Where floating-point bytes are put to be read as numbers. */
const scratch64 = new Float64Array(1)
const scratch32 = new Float32Array(scratch64.buffer)
const scratchBytes = new Uint8Array(scratch64.buffer)

/**
 * Reads the protobuf encoding from front to back. `offset` never passes `limit`, the end of the
 * innermost message; every method throws a ServingError INVALID_ARGUMENT with the offset where the
 * bytes are not what they should be.
 */
export class WireReader {
  readonly bytes: Uint8Array
  /** The next byte. */
  offset = 0
  /** Just behind the message that is being read. */
  limit: number
  /** Bits 0 to 31 of the latest `varint64`, as a signed number. */
  low = 0
  /** Bits 32 to 63 of the latest `varint64`, as a signed number. */
  high = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.limit = bytes.length
  }

  /** Goes on with the message that lies from `start` to before `end`. */
  seek(start: number, end: number): void {
    this.offset = start
    this.limit = end
  }

  /** Reads a length and makes it the limit; returns the old limit, to be set again after the message. */
  enter(): number {
    const length = this.length()
    const outer = this.limit
    this.limit = this.offset + length
    return outer
  }

  /** The next field's number and wire type, as `number << 3 | type`. */
  tag(): number {
    const start = this.offset
    const tag = this.#uint32('tag')
    if (tag < 8) throw this.failure('a field has number 0', start)
    return tag
  }

  /** The length of the next field, whose bytes are all there. */
  length(): number {
    const start = this.offset
    const length = this.#uint32('length')
    const left = this.limit - this.offset
    if (length > left)
      throw this.failure(`a field says it has ${length} bytes, but only ${left} are left`, start)
    return length
  }

  /** Reads a varint of up to 64 bits into `low` and `high`. */
  varint64(): void {
    const { bytes, limit } = this
    const start = this.offset
    let low = 0
    let high = 0
    for (let count = 0; count < MAX_VARINT_BYTES; count++) {
      const offset = start + count
      if (offset >= limit) throw this.failure('the bytes end inside a varint', start)
      const byte = bytes[offset]!
      const bits = byte & 0x7f
      if (count < 4) low |= bits << (7 * count)
      else if (count === 4) {
        low |= bits << 28
        high = bits >>> 4
      } else high |= bits << (7 * count - 32)
      if (byte < 0x80) {
        // Of the tenth byte only one bit is left of 64.
        if (count === MAX_VARINT_BYTES - 1 && byte > 1) break
        this.offset = offset + 1
        this.low = low
        this.high = high
        return
      }
    }
    throw this.failure('a varint has more than 64 bits', start)
  }

  /** A signed 64-bit varint: a number where that is exact, else a bigint. */
  int64(): number | bigint {
    this.varint64()
    return exactInteger(this.high, this.low)
  }

  /** An unsigned 64-bit varint: a number where that is exact, else a bigint. */
  uint64(): number | bigint {
    this.varint64()
    return exactInteger(this.high >>> 0, this.low)
  }

  boolean(): boolean {
    this.varint64()
    return (this.low | this.high) !== 0
  }

  float(): number {
    const start = this.#take(4)
    for (let index = 0; index < 4; index++) scratchBytes[index] = this.bytes[start + index]!
    return scratch32[0]!
  }

  double(): number {
    const start = this.#take(8)
    for (let index = 0; index < 8; index++) scratchBytes[index] = this.bytes[start + index]!
    return scratch64[0]!
  }

  /** A length-delimited field as a view. Never a Buffer, whose `slice` does not copy. */
  view(): Uint8Array {
    const length = this.length()
    const start = this.#take(length)
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + start, length)
  }

  /** Text that differs from message to message, such as an id. */
  text(): string {
    const length = this.length()
    return this.#decode(this.#take(length), length)
  }

  /** Text that most messages repeat, such as a tensor's name: made once, then found again. */
  name(): string {
    const length = this.length()
    const start = this.#take(length)
    return cachedText(this.bytes, start, start + length) ?? this.#decode(start, length)
  }

  /** Passes over a field that nobody asked for. Groups are refused: proto3 has none. */
  skip(tag: number): void {
    const start = this.offset
    switch (tag & 7) {
      case VARINT:
        this.varint64()
        break
      case FIXED64:
        this.#take(8)
        break
      case LENGTH_DELIMITED:
        this.#take(this.length())
        break
      case FIXED32:
        this.#take(4)
        break
      default:
        throw this.failure(`field ${tag >>> 3} has wire type ${tag & 7}; allowed are 0, 1, 2 and 5`, start)
    }
  }

  /** The error for bytes at `offset` that are not protobuf, or not this message. */
  failure(what: string, offset: number): ServingError {
    return new ServingError('INVALID_ARGUMENT', `the message cannot be read at byte ${offset}: ${what}`)
  }

  #uint32(what: string): number {
    const { offset } = this
    if (offset < this.limit) {
      const byte = this.bytes[offset]!
      if (byte < 0x80) {
        this.offset = offset + 1
        return byte
      }
    }
    this.varint64()
    if (this.high !== 0) throw this.failure(`a ${what} has more than 32 bits`, offset)
    return this.low >>> 0
  }

  /** Passes over `length` bytes; returns where they start. */
  #take(length: number): number {
    const start = this.offset
    const left = this.limit - start
    if (length > left) throw this.failure(`a field needs ${length} bytes, but only ${left} are left`, start)
    this.offset = start + length
    return start
  }

  #decode(start: number, length: number): string {
    if (length === 0) return ''
    try {
      return decoder.decode(this.bytes.subarray(start, start + length))
    } catch {
      throw this.failure('text is not valid UTF-8', start)
    }
  }
}

/** `high` is signed for signed integers, unsigned for unsigned ones. */
function exactInteger(high: number, low: number): number | bigint {
  const value = high * 0x1_0000_0000 + (low >>> 0)
  return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low >>> 0)
}
