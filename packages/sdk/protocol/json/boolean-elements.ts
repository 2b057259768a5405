import { allocateData, type TensorData } from '../../tensor/index.ts'
import { DIGIT_0, LOWER_F, LOWER_T } from './ascii.ts'
import { type ElementReader, refuseElement } from './element-reader.ts'
import type { JsonReader } from './json-reader.ts'

/** `true` and `false`, or 1 and 0 as some clients write them. */
export function createBooleanElements(name: string, capacity: number): ElementReader {
  const data = allocateData('BOOL', capacity)
  let count = 0
  return {
    get count() {
      return count
    },
    read(reader) {
      const value = readBoolean(reader)
      if (value === undefined) refuseElement(reader, name, count, 'BOOL')
      data[count++] = value ? 1 : 0
    },
    data: (): TensorData => data,
  }
}

function readBoolean(reader: JsonReader): boolean | undefined {
  const { bytes, position } = reader
  const byte = bytes[position]
  if (byte === LOWER_T || byte === LOWER_F) {
    reader.readLiteral(byte === LOWER_T ? 'true' : 'false')
    return byte === LOWER_T
  }
  const isDigit = byte === DIGIT_0 || byte === DIGIT_0 + 1
  if (!isDigit || CONTINUES_NUMBER.test(String.fromCharCode(bytes[position + 1] ?? 0))) return undefined
  reader.position++
  return byte !== DIGIT_0
}

const CONTINUES_NUMBER = /[\d.eE]/
