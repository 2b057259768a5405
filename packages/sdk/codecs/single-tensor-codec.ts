import { ServingError } from '../errors/index.ts'
import { textCodec } from './bytes-codecs.ts'
import { assertOneKind } from './content-type-kind.ts'
import type { NdArray } from './nd-array.ts'
import { type NdArrayLike, ndArrayCodec } from './nd-array-codec.ts'
import type { RequestCodec } from './request-codec.ts'
import type { TensorCodec } from './tensor-codec.ts'

/**
 * A codec for messages of exactly one tensor, which it calls `input-1` or `output-1`. A tensor that has
 * been read by a content type of its own is not read again.
 */
export function createSingleTensorCodec<T, E = T>(codec: TensorCodec<T, E>): RequestCodec<T, E> {
  const { contentType, sameValuesAs } = codec
  return {
    contentType,
    ...(sameValuesAs === undefined ? {} : { sameValuesAs }),
    canEncode: (value): value is E => codec.canEncode(value),
    encode: (value, side) => [codec.encode(`${side}-1`, value)],
    decode(tensors, side) {
      const [only] = tensors
      if (only === undefined || tensors.length > 1) {
        // The words are MLServer's, which its clients look for.
        throw new ServingError(
          'INVALID_ARGUMENT',
          `There was an error encoding / decoding the payload: The '${contentType}' codec only supports a single input tensor (${tensors.length} were received)`,
        )
      }
      if (only.codec === undefined) return codec.decode(only.tensor)
      assertOneKind(only.codec, codec, `${side} '${only.tensor.name}'`, 'the whole message')
      // Codecs of one kind give values of one type.
      return only.value as T
    },
  }
}

/** `np` for a whole message: one array. */
export const ndArrayRequestCodec: RequestCodec<NdArray, NdArrayLike> = createSingleTensorCodec(ndArrayCodec)

/** `str` for a whole message: one list of text. */
export const textRequestCodec: RequestCodec<readonly string[]> = createSingleTensorCodec(textCodec)
