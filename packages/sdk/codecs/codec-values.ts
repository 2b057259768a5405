import type { Datatype } from '../tensor/index.ts'
import type { Conversation } from './conversation-codec.ts'
import type { EncodedImage } from './encoded-image.ts'
import type { NdArray } from './nd-array.ts'
import type { NdArrayLike } from './nd-array-codec.ts'
import type { RawValue, RawValueOf } from './raw-codec.ts'

/** The values of the built-in codecs; a package that registers its own extends this interface. */
export interface CodecValues {
  np: NdArray
  str: readonly string[]
  base64: readonly Uint8Array[]
  datetime: readonly Date[]
  pillow_image: readonly EncodedImage[]
  raw: RawValue
  pd_json: readonly unknown[]
  json: unknown
  hg_json: unknown
  hg_jsonlist: readonly unknown[]
  hg_conversation: readonly Conversation[]
  nplist: readonly NdArray[]
}

export type ContentType = keyof CodecValues

/** What a field of this content type and datatype is read as. */
export type DecodedAs<T extends ContentType, D extends Datatype> = T extends 'np'
  ? NdArray<D>
  : T extends 'raw'
    ? RawValueOf<D>
    : CodecValues[T]

/** What may be given for a field of this content type and datatype. */
export type EncodableAs<T extends ContentType, D extends Datatype> = T extends 'np'
  ? NdArrayLike<D>
  : DecodedAs<T, D>
