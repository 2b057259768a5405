import { base64Codec, textCodec } from './bytes-codecs.ts'
import { type CodecTable, createCodecTable } from './codec-table.ts'
import { conversationCodec } from './conversation-codec.ts'
import { dataFrameCodec } from './data-frame-codec.ts'
import { datetimeCodec } from './datetime-codec.ts'
import { dictCodec } from './dict-codec.ts'
import { imageCodec } from './image-codec.ts'
import { hgJsonCodec, hgJsonListCodec, jsonCodec, jsonListCodec } from './json-codecs.ts'
import { keywordCodec } from './keyword-codec.ts'
import { ndArrayCodec } from './nd-array-codec.ts'
import { ndArrayListCodec } from './nd-array-list-codec.ts'
import { rawCodec } from './raw-codec.ts'
import type { RequestCodec } from './request-codec.ts'
import { ndArrayRequestCodec, textRequestCodec } from './single-tensor-codec.ts'
import type { TensorCodec } from './tensor-codec.ts'

// Values of different codecs share nothing, so the tables can only promise `unknown`.
const codecs: CodecTable<TensorCodec<unknown>> = createCodecTable(contentType =>
  requestCodecs.find(contentType) === undefined ? undefined : 'is for a whole message, not for one tensor',
)
const requestCodecs: CodecTable<RequestCodec<unknown>> = createCodecTable(contentType =>
  codecs.find(contentType) === undefined ? undefined : 'is for one tensor, not for a whole message',
)

/** Makes a codec known under its content type, in place of an earlier one of that name. */
export function registerCodec<T, E = T>(codec: TensorCodec<T, E>): void {
  codecs.add(codec)
}

/** Makes a codec of whole messages known under its content type, in place of an earlier one of that name. */
export function registerRequestCodec<T, E = T>(codec: RequestCodec<T, E>): void {
  requestCodecs.add(codec)
}

/** The codec of a content type, or `undefined` if nobody registered one. */
export function findCodec(contentType: string): TensorCodec<unknown> | undefined {
  return codecs.find(contentType)
}

/** The codec of whole messages of a content type, or `undefined` if nobody registered one. */
export function findRequestCodec(contentType: string): RequestCodec<unknown> | undefined {
  return requestCodecs.find(contentType)
}

/**
 * @param owner what has this content type, for the message
 * @throws ServingError INVALID_ARGUMENT listing the known content types.
 */
export function codecFor(contentType: string, owner?: string): TensorCodec<unknown> {
  return codecs.get(contentType, owner)
}

/**
 * @param owner what has this content type, for the message
 * @throws ServingError INVALID_ARGUMENT listing the known content types of whole messages.
 */
export function requestCodecFor(contentType: string, owner?: string): RequestCodec<unknown> {
  return requestCodecs.get(contentType, owner)
}

/**
 * The codec that a value shows by itself. They are asked in this order, and the first that can write it
 * is taken: `np`, `str`, `base64`, `datetime`, `pillow_image`, `raw`, then those that were registered, by
 * age. The JSON codecs take nearly everything, so they are never found like this: they must be named.
 */
export function recogniseCodec(value: unknown): TensorCodec<unknown> | undefined {
  return codecs.first(codec => codec.isGeneral !== true && codec.canEncode(value))
}

/** Like {@link recogniseCodec} for whole messages: `pd`, `np`, `str`, `dict`, then those that were registered; `hf` must be named. */
export function recogniseRequestCodec(value: unknown): RequestCodec<unknown> | undefined {
  return requestCodecs.first(codec => codec.isGeneral !== true && codec.canEncode(value))
}

registerCodec(ndArrayCodec)
registerCodec(textCodec)
registerCodec(base64Codec)
registerCodec(datetimeCodec)
registerCodec(imageCodec)
registerCodec(rawCodec)
registerCodec(jsonListCodec)
registerCodec(jsonCodec)
registerCodec(hgJsonCodec)
registerCodec(hgJsonListCodec)
registerCodec(conversationCodec)
registerCodec(ndArrayListCodec)
registerRequestCodec(dataFrameCodec)
registerRequestCodec(ndArrayRequestCodec)
registerRequestCodec(textRequestCodec)
registerRequestCodec(dictCodec)
registerRequestCodec(keywordCodec)
