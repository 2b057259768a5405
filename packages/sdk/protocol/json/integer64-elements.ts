import { allocateData, BIG_INTEGER_RANGE, type TensorData } from '../../tensor/index.ts'
import { type ElementReader, refuseElement } from './element-reader.ts'
import type { JsonReader } from './json-reader.ts'

// Not from ascii.ts: the engine folds a module's own constants, not those it imports.
const DIGIT_0 = 0x30
const DIGIT_9 = 0x39
const DOT = 0x2e
const LOWER_E = 0x65
const MINUS = 0x2d
const UPPER_E = 0x45

const EXACT_DIGITS = 15
/** Digits of the largest UINT64; anything longer is out of range. */
const MAX_DIGITS = 20
const WORD = 2 ** 32

/** 64-bit integers, exact at both ends. Only digits will do: `1.0` and `1e3` are refused. */
export function createInteger64Elements(
  name: string,
  datatype: 'INT64' | 'UINT64',
  capacity: number,
): ElementReader {
  return new Integer64Elements(name, datatype, capacity)
}

class Integer64Elements implements ElementReader {
  count = 0
  readonly #name: string
  readonly #datatype: 'INT64' | 'UINT64'
  readonly #data: BigInt64Array | BigUint64Array
  /** The same memory as 32-bit words, low one first: filling them makes no bigint. */
  readonly #words: Uint32Array

  constructor(name: string, datatype: 'INT64' | 'UINT64', capacity: number) {
    this.#name = name
    this.#datatype = datatype
    this.#data = allocateData(datatype, capacity)
    this.#words = new Uint32Array(this.#data.buffer)
  }

  read(reader: JsonReader): void {
    const { bytes } = reader
    const start = reader.position
    const isNegative = reader.peek() === MINUS
    const first = isNegative ? start + 1 : start
    let position = first
    let value = 0
    let byte = 0
    while (position < bytes.length) {
      byte = bytes[position]!
      if (byte < DIGIT_0 || byte > DIGIT_9) break
      value = value * 10 + (byte - DIGIT_0)
      position++
    }
    const digits = position - first
    if (digits > 1 && bytes[first] === DIGIT_0) reader.fail('a number starts with 0', start)
    if (isNegative && digits === 0) reader.fail("expected a digit after '-'", position)
    if (digits === 0 || byte === DOT || byte === LOWER_E || byte === UPPER_E) this.#refuse(reader)

    if (digits > EXACT_DIGITS) this.#storeLong(reader, start, position, digits)
    else if (isNegative && value > 0 && this.#datatype === 'UINT64') this.#refuse(reader)
    else if (this.count < this.#data.length) {
      const signed = isNegative ? -value : value
      // Flooring carries the sign into the high word: two's complement.
      const high = Math.floor(signed / WORD)
      this.#words[2 * this.count] = signed - high * WORD
      this.#words[2 * this.count + 1] = high
    }
    this.count++
    reader.position = position
  }

  #storeLong(reader: JsonReader, start: number, end: number, digits: number): void {
    if (digits > MAX_DIGITS) this.#refuse(reader)
    const value = BigInt(reader.text(start, end))
    const [min, max] = BIG_INTEGER_RANGE[this.#datatype]!
    if (value < min || value > max) this.#refuse(reader)
    if (this.count < this.#data.length) this.#data[this.count] = value
  }

  #refuse(reader: JsonReader): never {
    refuseElement(reader, this.#name, this.count, this.#datatype)
  }

  data(): TensorData {
    return this.#data
  }
}
