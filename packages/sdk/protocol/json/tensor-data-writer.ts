import { ServingError } from '../../errors/index.ts'
import type { NumericData, Tensor } from '../../tensor/index.ts'
import { COMMA } from './ascii.ts'
import type { ByteWriter } from './byte-writer.ts'
import { writeInteger } from './digits-writer.ts'
import { MAX_FLOAT32_BYTES, writeFloat32s } from './float32-writer.ts'
import { writeTexts } from './text-data-writer.ts'

/** `-9223372036854775808` and a comma. */
const MAX_INTEGER_BYTES = 21
/** Long tensors are written in parts, each of which reserves what it needs at most. */
const CHUNK_ELEMENTS = 4096

/**
 * Writes the elements of a tensor with commas between, flat. NaN and the infinities become `null`.
 * @throws ServingError INVALID_ARGUMENT for what JSON cannot hold: BF16, and BYTES that are not text
 */
export function writeTensorData(writer: ByteWriter, { name, datatype, data }: Tensor): void {
  switch (datatype) {
    case 'BF16':
      throw new ServingError(
        'INVALID_ARGUMENT',
        `output '${name}' has datatype BF16, which JSON numbers cannot carry: ask for it as binary data (parameters.binary_data)`,
      )
    case 'BYTES':
      writeTexts(writer, name, data)
      break
    case 'BOOL':
      writeBooleans(writer, data)
      break
    case 'INT64':
    case 'UINT64':
      writeBigIntegers(writer, data)
      break
    case 'FP16':
      // Every half float is a float32, and what reads back as that reads back as the half float.
      writeFloats(writer, data)
      break
    case 'FP32':
      writeFloats(writer, data)
      break
    case 'FP64':
      writeDoubles(writer, data)
      break
    default:
      writeIntegers(writer, data)
  }
}

function writeBooleans(writer: ByteWriter, data: Uint8Array): void {
  for (let index = 0; index < data.length; index++) {
    if (index > 0) writer.byte(COMMA)
    writer.ascii(data[index] === 0 ? 'false' : 'true')
  }
}

function writeIntegers(writer: ByteWriter, data: Exclude<NumericData, BigInt64Array | BigUint64Array>): void {
  writer.reserve(data.length * MAX_INTEGER_BYTES)
  const { bytes } = writer
  let at = writer.length
  for (let index = 0; index < data.length; index++) {
    if (index > 0) bytes[at++] = COMMA
    at = writeInteger(writer, at, data[index]!)
  }
  writer.length = at
}

function writeBigIntegers(writer: ByteWriter, data: BigInt64Array | BigUint64Array): void {
  writer.reserve(data.length * MAX_INTEGER_BYTES)
  const { bytes } = writer
  let at = writer.length
  for (let index = 0; index < data.length; index++) {
    if (index > 0) bytes[at++] = COMMA
    const value = data[index]!
    const number = Number(value)
    if (Number.isSafeInteger(number)) at = writeInteger(writer, at, number)
    else at += bytes.write(value.toString(), at, 'latin1')
  }
  writer.length = at
}

function writeFloats(writer: ByteWriter, data: Float32Array | Float16Array): void {
  for (let start = 0; start < data.length; start += CHUNK_ELEMENTS) {
    if (start > 0) writer.byte(COMMA)
    const chunk = data.length <= CHUNK_ELEMENTS ? data : data.subarray(start, start + CHUNK_ELEMENTS)
    writer.reserve(chunk.length * MAX_FLOAT32_BYTES)
    writer.length = writeFloat32s(writer, writer.length, chunk)
  }
}

function writeDoubles(writer: ByteWriter, data: Float64Array): void {
  for (let start = 0; start < data.length; start += CHUNK_ELEMENTS) {
    if (start > 0) writer.byte(COMMA)
    const chunk: number[] = []
    let hasNegativeZero = false
    for (let index = start; index < data.length && index < start + CHUNK_ELEMENTS; index++) {
      const value = data[index]!
      if (Object.is(value, -0)) hasNegativeZero = true
      chunk.push(value)
    }
    // JSON.stringify prints -0 without its sign; as an integer, parsers of other languages drop it as well.
    writer.ascii(hasNegativeZero ? chunk.map(formatDouble).join(',') : JSON.stringify(chunk).slice(1, -1))
  }
}

function formatDouble(value: number): string {
  if (!Number.isFinite(value)) return 'null'
  return Object.is(value, -0) ? '-0.0' : String(value)
}
