import { ServingError } from '../errors/index.ts'
import { BytesArray, type Datatype, type Tensor, type TensorLike, toTensor } from '../tensor/index.ts'
import { inferDatatype } from './infer-datatype.ts'
import { NdArray } from './nd-array.ts'
import type { TensorCodec } from './tensor-codec.ts'

/** A single value. */
export type RawValue = string | number | bigint | boolean

/** The single value of a tensor of this datatype. */
export type RawValueOf<D extends Datatype> = {
  [K in D]: K extends 'BYTES'
    ? string
    : K extends 'BOOL'
      ? boolean
      : K extends 'INT64' | 'UINT64'
        ? number | bigint
        : number
}[D]

/**
 * `raw`: one text, number or boolean, in a tensor of one element. A whole number travels as INT64 and
 * comes back as a number, or as a bigint where a number would not be exact.
 */
export const rawCodec: TensorCodec<RawValue> = {
  contentType: 'raw',
  canEncode: (value): value is RawValue => ['string', 'number', 'bigint', 'boolean'].includes(typeof value),
  encode(name, value, shape = [1], datatype = inferDatatype(name, [value])): Tensor {
    const tensor = { name, datatype, shape, data: [value], parameters: { content_type: 'raw' } }
    return toTensor(tensor as unknown as TensorLike)
  },
  decode(tensor) {
    const { name, data } = tensor
    if (data.length !== 1) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `tensor '${name}' has ${data.length} elements; content type 'raw' needs exactly 1`,
      )
    }
    if (BytesArray.is(data)) return textOf(name, data)
    const [element] = NdArray.fromTensor(tensor).elements() as [number | bigint | boolean]
    return typeof element === 'bigint' && Number.isSafeInteger(Number(element)) ? Number(element) : element
  },
}

function textOf(name: string, data: BytesArray): string {
  try {
    return data.textAt(0)!
  } catch (error) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `tensor '${name}', element 0 is not valid UTF-8 text, which content type 'raw' needs`,
      { cause: error },
    )
  }
}
