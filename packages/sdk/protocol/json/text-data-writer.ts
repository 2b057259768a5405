import { isUtf8 } from 'node:buffer'
import { ServingError } from '../../errors/index.ts'
import type { BytesArray } from '../../tensor/index.ts'
import type { ByteWriter } from './byte-writer.ts'

// Not from ascii.ts: the engine folds a module's own constants, not those it imports.
const BACKSLASH = 0x5c
const COMMA = 0x2c
const QUOTE = 0x22
const SPACE = 0x20

/** `\u001f`: what one byte takes at most. */
const MAX_ESCAPE_BYTES = 6
const PREFIX_BYTES = 4
const PART_BYTES = 4096

/**
 * Writes the elements of a `BYTES` tensor as strings with commas between.
 * @throws ServingError INVALID_ARGUMENT for bytes that are not UTF-8, which no JSON string can hold
 */
export function writeTexts(writer: ByteWriter, outputName: string, data: BytesArray): void {
  // The packed form is walked as it is: a view of each element would cost more than writing it.
  const packed = data.packed()
  let start = PREFIX_BYTES
  for (let index = 0; index < data.length; index++) {
    const end = start + lengthBefore(packed, start)
    if (index > 0) writer.byte(COMMA)
    if (!writeText(writer, packed, start, end)) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `output '${outputName}', element ${index} is not valid UTF-8 text, which JSON needs: ask for the output as binary data (parameters.binary_data), use gRPC, or a model that answers in base64`,
      )
    }
    start = end + PREFIX_BYTES
  }
}

function lengthBefore(packed: Uint8Array, start: number): number {
  const low = packed[start - 4]! | (packed[start - 3]! << 8) | (packed[start - 2]! << 16)
  return low + packed[start - 1]! * 2 ** 24
}

/** @returns false if the bytes are not UTF-8 */
function writeText(writer: ByteWriter, packed: Uint8Array, start: number, end: number): boolean {
  let union = 0
  writer.byte(QUOTE)
  // In parts, because most texts take far less than what is reserved for them.
  for (let part = start; part < end; part += PART_BYTES) {
    const partEnd = Math.min(part + PART_BYTES, end)
    writer.reserve(MAX_ESCAPE_BYTES * (partEnd - part))
    const { bytes } = writer
    let at = writer.length
    for (let index = part; index < partEnd; index++) {
      const byte = packed[index]!
      union |= byte
      if (byte < SPACE) {
        at += bytes.write(CONTROLS[byte]!, at, 'latin1')
        continue
      }
      if (byte === QUOTE || byte === BACKSLASH) bytes[at++] = BACKSLASH
      bytes[at++] = byte
    }
    writer.length = at
  }
  writer.byte(QUOTE)
  return union < 0x80 || isUtf8(packed.subarray(start, end))
}

/** Control characters as `JSON.stringify` escapes them. */
const CONTROLS = Array.from({ length: SPACE }, (_, code) =>
  JSON.stringify(String.fromCharCode(code)).slice(1, -1),
)
