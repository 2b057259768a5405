import { ServingError } from '../../errors/index.ts'
import { allocateData, allowedValues, INTEGER_RANGE } from '../../tensor/index.ts'
import type { WireReader } from './wire-reader.ts'

export type NarrowInteger = 'UINT8' | 'UINT16' | 'UINT32' | 'INT8' | 'INT16' | 'INT32'

// These loops run once an element, so they take short varints without a call. Each run is known to
// hold exactly `count` varints (see `countVarints`), the last of them whole.

/** How many varints there are between a reader's offset and its limit: each ends with a byte below 0x80. */
export function countVarints({ bytes, offset, limit }: WireReader): number {
  let count = 0
  for (let index = offset; index < limit; index++) count += 1 - (bytes[index]! >>> 7)
  return count
}

/** As in every protobuf reader, any value but 0 is true. */
export function readBooleans(run: WireReader, count: number): Uint8Array {
  const data = new Uint8Array(count)
  const { bytes } = run
  for (let index = 0; index < count; index++) {
    const byte = bytes[run.offset]!
    if (byte < 0x80) {
      run.offset++
      data[index] = byte === 0 ? 0 : 1
    } else data[index] = run.boolean() ? 1 : 0
  }
  return data
}

/**
 * Elements of a field with 32 bits on the wire, which the datatype may narrow.
 * @param field its name, where it is not `int_contents` or `uint_contents`
 * @param isUnsigned whether the 32 bits are; default as the datatype is
 */
export function readIntegers(
  run: WireReader,
  name: string,
  datatype: NarrowInteger,
  count: number,
  field?: string,
  isUnsigned: boolean = INTEGER_RANGE[datatype]![0] === 0,
) {
  const data = allocateData(datatype, count)
  const [min, max] = INTEGER_RANGE[datatype]!
  for (let index = 0; index < count; index++) {
    const low = readLow(run)
    const value = isUnsigned ? low >>> 0 : low
    if (value < min || value > max) {
      const found = field ?? (isUnsigned ? 'uint_contents' : 'int_contents')
      throw new ServingError(
        'INVALID_ARGUMENT',
        `tensor '${name}', element ${index}: ${value} in ${found} is not ${allowedValues(datatype)}, which ${datatype} needs`,
      )
    }
    data[index] = value
  }
  return data
}

/** Elements of `int64_contents` or `uint64_contents`, bit for bit; no bigint is made on the way. */
export function readIntegers64<A extends BigInt64Array | BigUint64Array>(run: WireReader, data: A): A {
  const words = new Int32Array(data.buffer, data.byteOffset, data.length * 2)
  for (let index = 0; index < words.length; index += 2) {
    words[index] = readLow(run)
    words[index + 1] = run.high
  }
  return data
}

/** Reads a varint; returns its lower half, as a signed number, and leaves the upper half in `run.high`. */
function readLow(run: WireReader): number {
  const { bytes, offset: start } = run
  let offset = start
  let value = 0
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = bytes[offset++]!
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) {
      run.offset = offset
      run.high = 0
      return value
    }
  }
  run.varint64()
  return run.low
}
