import { ServingError } from '../errors/index.ts'
import { base64Codec, jsonCodec, textCodec } from './bytes-codecs.ts'
import { datetimeCodec } from './datetime-codec.ts'
import type { TensorCodec } from './tensor-codec.ts'

// Values of different codecs share nothing, so the table can only promise `unknown`.
const codecs = new Map<string, TensorCodec<unknown>>()

/** Makes a codec known under its content type, in place of an earlier one of that name. */
export function registerCodec<T>(codec: TensorCodec<T>): void {
  codecs.set(codec.contentType, codec)
}

/** The codec of a content type, or `undefined` if nobody registered one. */
export function findCodec(contentType: string): TensorCodec<unknown> | undefined {
  return codecs.get(contentType)
}

/** @throws ServingError INVALID_ARGUMENT listing the known content types. */
export function codecFor(contentType: string): TensorCodec<unknown> {
  const codec = codecs.get(contentType)
  if (codec !== undefined) return codec
  const known = [...codecs.keys()].map(name => `'${name}'`).join(', ')
  throw new ServingError('INVALID_ARGUMENT', `content type '${contentType}' is not known; known are ${known}`)
}

for (const codec of [textCodec, base64Codec, datetimeCodec, jsonCodec]) registerCodec(codec)
