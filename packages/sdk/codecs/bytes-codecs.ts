import type { CodecValues } from './codec-values.ts'
import { createElementCodec } from './element-codec.ts'
import type { TensorCodec } from './tensor-codec.ts'

/** `str`: UTF-8 text. */
export const textCodec: TensorCodec<CodecValues['str']> = createElementCodec<string>({
  contentType: 'str',
  meaning: 'valid UTF-8 text',
  canEncode: element => typeof element === 'string',
  write: element => element,
  read: (_, text) => text(),
})

/** `base64`: bytes that travel as base64 text (RFC 4648 section 4). */
export const base64Codec: TensorCodec<CodecValues['base64']> = createElementCodec<Uint8Array>({
  contentType: 'base64',
  meaning: 'base64 text',
  canEncode: element => element instanceof Uint8Array,
  write: writeBase64,
  // MLServer takes bytes that are not base64 as they are; its clients count on that.
  read: readBase64,
})

/** Bytes as base64 text. */
export function writeBase64(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('base64')
}

/** The bytes that base64 text stands for; anything else is itself. */
export function readBase64(element: Uint8Array): Uint8Array {
  const text = asBuffer(element).toString('latin1')
  return text.length % 4 === 0 && BASE64.test(text) ? asBytes(Buffer.from(text, 'base64')) : element
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The same memory as a plain array, whose `slice` copies as an author expects. */
function asBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}
