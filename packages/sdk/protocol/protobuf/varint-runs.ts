import { varint64Size, varintSize } from './wire-sizes.ts'

// Packed runs of varints, measured and written. These loops run once an element.

/** Integers of up to 32 bits. */
type Integers = Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array
type Integers64 = BigInt64Array | BigUint64Array

/** Bytes of a negative varint: an int32 is extended to 64 bits first. */
const NEGATIVE_BYTES = 10

export function varintsSize(values: Integers): number {
  let size = 0
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!
    size += value < 0 ? NEGATIVE_BYTES : varintSize(value)
  }
  return size
}

export function varints64Size(values: Integers64): number {
  const words = halves(values)
  let size = 0
  for (let index = 0; index < words.length; index += 2) size += varint64Size(words[index]!, words[index + 1]!)
  return size
}

/** Writes `values` into `bytes` from `start` on. */
export function writeVarints(bytes: Uint8Array, start: number, values: Integers): void {
  let offset = start
  for (let index = 0; index < values.length; index++) {
    let rest = values[index]!
    if (rest < 0) {
      const end = offset + NEGATIVE_BYTES - 1
      // The sign fills from above.
      for (; offset < end; rest >>= 7) bytes[offset++] = (rest & 0x7f) | 0x80
      bytes[offset++] = 1
      continue
    }
    for (; rest > 0x7f; rest >>>= 7) bytes[offset++] = (rest & 0x7f) | 0x80
    bytes[offset++] = rest
  }
}

/** Writes `values` into `bytes` from `start` on; no bigint is made on the way. */
export function writeVarints64(bytes: Uint8Array, start: number, values: Integers64): void {
  const words = halves(values)
  let offset = start
  for (let index = 0; index < words.length; index += 2) {
    let low = words[index]! >>> 0
    let high = words[index + 1]! >>> 0
    while (high !== 0 || low > 0x7f) {
      bytes[offset++] = (low & 0x7f) | 0x80
      low = ((low >>> 7) | (high << 25)) >>> 0
      high >>>= 7
    }
    bytes[offset++] = low
  }
}

/** Each element's lower and upper 32 bits in turn; every supported machine is little-endian. */
function halves(data: Integers64): Int32Array {
  return new Int32Array(data.buffer, data.byteOffset, data.length * 2)
}
