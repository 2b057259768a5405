import { isUtf8 } from 'node:buffer'
import { ServingError } from '../../errors/index.ts'
import type { BytesArray } from '../../tensor/index.ts'
import { BACKSLASH, COMMA, QUOTE, SPACE } from './ascii.ts'
import type { ByteWriter } from './byte-writer.ts'

/** `\u001f`: what one byte takes at most. */
const MAX_ESCAPE_BYTES = 6

/**
 * Writes the elements of a `BYTES` tensor as strings with commas between.
 * @throws ServingError INVALID_ARGUMENT for bytes that are not UTF-8, which no JSON string can hold
 */
export function writeTexts(writer: ByteWriter, outputName: string, data: BytesArray): void {
  for (let index = 0; index < data.length; index++) {
    const element = data.at(index)!
    if (!isUtf8(element)) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `output '${outputName}', element ${index} is not valid UTF-8 text, which JSON needs: ask for the output as binary data (parameters.binary_data), use gRPC, or a model that answers in base64`,
      )
    }
    if (index > 0) writer.byte(COMMA)
    writeText(writer, element)
  }
}

function writeText(writer: ByteWriter, text: Uint8Array): void {
  writer.reserve(MAX_ESCAPE_BYTES * text.length + 2)
  const { bytes } = writer
  let at = writer.length
  bytes[at++] = QUOTE
  for (let index = 0; index < text.length; index++) {
    const byte = text[index]!
    if (byte < SPACE) {
      at += bytes.write(CONTROLS[byte]!, at, 'latin1')
      continue
    }
    if (byte === QUOTE || byte === BACKSLASH) bytes[at++] = BACKSLASH
    bytes[at++] = byte
  }
  bytes[at++] = QUOTE
  writer.length = at
}

/** Control characters as `JSON.stringify` escapes them. */
const CONTROLS = Array.from({ length: SPACE }, (_, code) =>
  JSON.stringify(String.fromCharCode(code)).slice(1, -1),
)
