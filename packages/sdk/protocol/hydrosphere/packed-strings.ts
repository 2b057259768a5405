import { ServingError } from '../../errors/index.ts'
import { BytesArray } from '../../tensor/index.ts'
import { WireReader } from '../protobuf/wire-reader.ts'

/**
 * Strings as TensorFlow packs them: the lengths of all as varints, then the bytes of all.
 * @throws ServingError INVALID_ARGUMENT when lengths and bytes do not agree
 */
export function readPackedStrings(bytes: Uint8Array, count: number, name: string): BytesArray {
  // Every string takes at least the byte of its length.
  if (count > bytes.length) throw misfit(name, bytes, count)
  const reader = new WireReader(bytes)
  const lengths: number[] = []
  let total = 0
  for (let index = 0; index < count; index++) {
    reader.varint64()
    const length = reader.high === 0 ? reader.low >>> 0 : Number.POSITIVE_INFINITY
    total += length
    if (total > bytes.length) throw misfit(name, bytes, count)
    lengths.push(length)
  }
  if (reader.offset + total !== bytes.length) throw misfit(name, bytes, count)
  let { offset } = reader
  return BytesArray.from(
    lengths.map(length => {
      const start = offset
      offset += length
      return bytes.subarray(start, offset)
    }),
  )
}

function misfit(name: string, bytes: Uint8Array, count: number): ServingError {
  return new ServingError(
    'INVALID_ARGUMENT',
    `tensor '${name}' has ${bytes.length} bytes of packed strings, which are not exactly ${count} lengths and as many strings`,
  )
}
