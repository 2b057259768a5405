import { allocateData, INTEGER_RANGE, type NumericData, type NumericDatatype } from '../../tensor/index.ts'
import { type ElementReader, elementError, refuseElement } from './element-reader.ts'
import type { JsonReader } from './json-reader.ts'
import { readNumbers } from './number-reader.ts'

/** The datatypes whose elements are JSON numbers that a double holds exactly. */
type NumberDatatype = Exclude<NumericDatatype, 'BOOL' | 'BF16' | 'INT64' | 'UINT64'>

/**
 * The first magnitude that rounds to infinity: halfway between the largest finite value and the
 * power of two above it.
 */
const FLOAT_LIMIT: Readonly<Record<string, number>> = {
  FP16: 65_520,
  FP32: 2 ** 128 - 2 ** 103,
  FP64: Number.POSITIVE_INFINITY,
}

/** Numbers pass through here on their way: small enough to stay in the fastest cache. */
const chunk = new Float64Array(1024)

/** Below it a loop is faster than the call that copies typed arrays. */
const LOOP_LIMIT = 32

/**
 * Integers may be written in any form whose value is integral (`3`, `3.0`, `3e0`). Floats are
 * rounded to the nearest double and then to their own precision, as `Math.fround(JSON.parse(text))`
 * does; `null` is NaN.
 * @param capacity how many elements there is a place for
 */
export function createNumberElements(
  name: string,
  datatype: NumberDatatype,
  capacity: number,
): ElementReader {
  return new NumberElements(name, datatype, capacity)
}

class NumberElements implements ElementReader {
  count = 0
  readonly #name: string
  readonly #datatype: NumberDatatype
  readonly #data: Exclude<NumericData, BigInt64Array | BigUint64Array>

  constructor(name: string, datatype: NumberDatatype, capacity: number) {
    this.#name = name
    this.#datatype = datatype
    this.#data = allocateData(datatype, capacity)
  }

  read(reader: JsonReader, isInArray: boolean): void {
    const count = readNumbers(reader, chunk, isInArray ? chunk.length : 1, this.#datatype === 'FP32')
    if (count === 0) refuseElement(reader, this.#name, this.count, this.#datatype)
    const range = INTEGER_RANGE[this.#datatype]
    if (range === undefined) this.#checkFloats(count, FLOAT_LIMIT[this.#datatype]!)
    else this.#checkIntegers(count, range[0], range[1])
    this.#store(count)
    this.count += count
  }

  #checkFloats(count: number, limit: number): void {
    for (let index = 0; index < count; index++) {
      if (Math.abs(chunk[index]!) >= limit) {
        const value = chunk[index]!
        const found = Number.isFinite(value) ? String(value) : 'a number beyond the range of a double'
        throw elementError(this.#name, this.count + index, found, this.#datatype)
      }
    }
  }

  #checkIntegers(count: number, min: number, max: number): void {
    for (let index = 0; index < count; index++) {
      const value = chunk[index]!
      if (value >= min && value <= max && Math.floor(value) === value) continue
      const found = Number.isNaN(value) ? 'null' : String(value)
      throw elementError(this.#name, this.count + index, found, this.#datatype)
    }
  }

  #store(count: number): void {
    const data = this.#data
    const start = this.count
    const room = Math.min(count, data.length - start)
    if (room > LOOP_LIMIT) data.set(chunk.subarray(0, room), start)
    else for (let index = 0; index < room; index++) data[start + index] = chunk[index]!
  }

  data(): NumericData {
    return this.#data
  }
}
