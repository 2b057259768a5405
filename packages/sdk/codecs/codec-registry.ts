import { ServingError } from '../errors/index.ts'
import { base64Codec, datetimeCodec, jsonCodec, textCodec } from './bytes-codecs.ts'
import type { TensorCodec } from './tensor-codec.ts'

// Values of different codecs share nothing, so the table can only promise `unknown`.
const codecs = new Map<string, TensorCodec<unknown>>()

/** Makes a codec known under its content type, in place of an earlier one of that name. */
export function registerCodec<T>(codec: TensorCodec<T>): void {
  codecs.set(codec.contentType, codec as TensorCodec<unknown>)
}

/** @throws ServingError INVALID_ARGUMENT listing the known content types. */
export function codecFor(contentType: string): TensorCodec<unknown> {
  const codec = codecs.get(contentType)
  if (codec !== undefined) return codec
  const known = [...codecs.keys()].map(name => `'${name}'`).join(', ')
  throw new ServingError('INVALID_ARGUMENT', `content type '${contentType}' is not known; known are ${known}`)
}

for (const codec of [textCodec, base64Codec, datetimeCodec, jsonCodec])
  registerCodec(codec as TensorCodec<unknown>)
