export { base64Codec, textCodec } from './bytes-codecs.ts'
export {
  codecFor,
  findCodec,
  findRequestCodec,
  registerCodec,
  registerRequestCodec,
  requestCodecFor,
} from './codec-registry.ts'
export type { CodecValues, ContentType, DecodedAs, EncodableAs } from './codec-values.ts'
export { type Conversation, type ConversationMessage, conversationCodec } from './conversation-codec.ts'
export { type Column, DataFrame, type FrameRecord } from './data-frame.ts'
export { dataFrameCodec } from './data-frame-codec.ts'
export { datetimeCodec } from './datetime-codec.ts'
export { decodeInput, decodeRequest, decodeResponse, type MessageMetadata } from './decode-message.ts'
export { type ArraysByName, dictCodec } from './dict-codec.ts'
export { encodeOutput, encodeRequest, encodeResponse, type OutputChoice } from './encode-message.ts'
export { type EncodedImage, encodedImage, type ImageMediaType } from './encoded-image.ts'
export { createFieldCodec, type FieldCodec } from './field-codec.ts'
export { imageCodec } from './image-codec.ts'
export { hgJsonCodec, hgJsonListCodec, jsonCodec, jsonListCodec } from './json-codecs.ts'
export { type KeywordArguments, keywordCodec } from './keyword-codec.ts'
export { type ElementOf, NdArray, type NestedElement } from './nd-array.ts'
export { type NdArrayLike, ndArrayCodec } from './nd-array-codec.ts'
export { ndArrayListCodec } from './nd-array-list-codec.ts'
export type { Nested } from './nested-values.ts'
export { OffsetDate } from './offset-date.ts'
export { type RawValue, type RawValueOf, rawCodec } from './raw-codec.ts'
export type { ReadTensor, RequestCodec, TensorSide } from './request-codec.ts'
export { createSingleTensorCodec, ndArrayRequestCodec, textRequestCodec } from './single-tensor-codec.ts'
export type { TensorCodec } from './tensor-codec.ts'
