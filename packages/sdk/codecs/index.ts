export { base64Codec, datetimeCodec, jsonCodec, textCodec } from './bytes-codecs.ts'
export { codecFor, registerCodec } from './codec-registry.ts'
export type { CodecValues, ContentType, TensorCodec } from './tensor-codec.ts'
