import {
  type DataByDatatype,
  type Datatype,
  type Shape,
  type Tensor,
  type TensorLike,
  toTensor,
} from '../tensor/index.ts'
import { datatypeOfData, NdArray, tensorOfNested } from './nd-array.ts'
import { flattenNested, type Nested } from './nested-values.ts'
import type { TensorCodec } from './tensor-codec.ts'

/** What `np` writes: an array, its bare data, or numbers in lists; text only as an `NdArray`. */
export type NdArrayLike<D extends Datatype = Datatype> =
  | NdArray<D>
  | DataByDatatype[D]
  | (D extends 'BYTES' ? never : readonly Nested<number | bigint | boolean | null>[])

/**
 * `np`: arrays of any datatype. A flat one of n elements travels as `[n, 1]` and a single value as
 * `[1]`, as MLServer writes them.
 */
export const ndArrayCodec: TensorCodec<NdArray, NdArrayLike> = {
  contentType: 'np',
  canEncode: (value): value is NdArrayLike =>
    NdArray.is(value) || datatypeOfData(value) !== undefined || (Array.isArray(value) && isNumeric(value)),
  encode(name, value, shape, datatype) {
    const tensor: Tensor = NdArray.is(value)
      ? ({ name, datatype: value.datatype, shape: value.shape, data: value.data } as Tensor)
      : tensorOfNested(name, value, datatype)
    const wire = { ...tensor, shape: shape ?? wireShape(tensor.shape), parameters: { content_type: 'np' } }
    return toTensor(wire as TensorLike)
  },
  decode: tensor => NdArray.fromTensor(tensor),
}

function wireShape(shape: Shape): Shape {
  return shape.length === 0 ? [1] : shape.length === 1 ? [shape[0]!, 1] : shape
}

function isNumeric(list: readonly unknown[]): boolean {
  const flat = flattenNested(list)
  return typeof flat !== 'string' && flat.values.every(isNumber)
}

function isNumber(value: unknown): boolean {
  return value === null || ['number', 'bigint', 'boolean'].includes(typeof value)
}
