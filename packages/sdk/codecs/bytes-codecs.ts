import { isTypedArray } from 'node:util/types'
import { createElementCodec } from './element-codec.ts'
import type { CodecValues, TensorCodec } from './tensor-codec.ts'

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
  write: element => asBuffer(element).toString('base64'),
  read(element) {
    // MLServer takes bytes that are not base64 as they are; its clients count on that.
    const text = asBuffer(element).toString('latin1')
    return text.length % 4 === 0 && BASE64.test(text) ? asBytes(Buffer.from(text, 'base64')) : element
  },
})

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The same memory as a plain array, whose `slice` copies as an author expects. */
function asBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}

/** `pd_json`: each element is a JSON text. Typed arrays are written as lists. */
export const jsonCodec: TensorCodec<CodecValues['pd_json']> = createElementCodec<unknown>({
  contentType: 'pd_json',
  meaning: 'a JSON text',
  canEncode: (element): element is unknown =>
    element !== undefined && !['function', 'symbol', 'bigint'].includes(typeof element),
  write(element) {
    const text: unknown = JSON.stringify(element, listOfNumbers)
    if (typeof text !== 'string') throw new TypeError('JSON has no word for it')
    return text
  },
  read: (_, text) => JSON.parse(text()) as unknown,
})

function listOfNumbers(_key: string, value: unknown): unknown {
  return isTypedArray(value) ? Array.from<unknown>(value) : value
}
