import { inferShape, shapeMatches, type TensorSpec } from '../contract/index.ts'
import { ServingError } from '../errors/index.ts'
import {
  BytesArray,
  describeValue,
  formatShape,
  type Tensor,
  type TensorLike,
  toTensor,
} from '../tensor/index.ts'
import { codecFor } from './codec-registry.ts'

/** Turns the tensors of one field of a contract into values, and values into tensors. */
export interface FieldCodec {
  readonly name: string
  /**
   * The tensor's value by the field's content type; without one, the tensor itself.
   * @throws ServingError INVALID_ARGUMENT when the tensor cannot be read as its content type
   */
  read(tensor: Tensor): unknown
  /**
   * The tensor of a value: what the content type takes, else an array or `{ shape, data }`. The shape of
   * an array is worked out from the field's, which then may have one free dimension.
   * @throws ServingError INVALID_ARGUMENT when the value is none of these or does not fit
   */
  write(value: unknown): Tensor
}

/**
 * Prepares the codec of a field.
 * @param side how messages call the field
 * @throws ServingError INVALID_ARGUMENT for a content type that is not known, or not for this datatype
 */
export function createFieldCodec(spec: TensorSpec, side: 'input' | 'output'): FieldCodec {
  const { name, datatype, shape: pattern, contentType } = spec
  const field = `${side} '${name}'`
  if (contentType === undefined)
    return { name, read: tensor => tensor, write: value => plainTensor(value, spec, field) }

  const codec = codecFor(contentType)
  if (codec.datatype !== undefined && codec.datatype !== datatype) {
    throw invalid(
      `${field} has datatype ${datatype}; its content type '${contentType}' needs ${codec.datatype}`,
    )
  }
  return {
    name,
    read: tensor => codec.decode(tensor),
    write(value) {
      if (!codec.canEncode(value)) {
        throw invalid(`${field} is ${describeValue(value)}, which content type '${contentType}' cannot write`)
      }
      const tensor = codec.encode(name, value)
      // A codec's own shape stands where the contract leaves it free.
      if (shapeMatches(tensor.shape, pattern)) return tensor
      return { ...tensor, shape: inferShape(pattern, tensor.data.length, name) }
    },
  }
}

function plainTensor(value: unknown, { name, datatype, shape: pattern }: TensorSpec, field: string): Tensor {
  if (isShapedData(value)) return checked({ name, datatype, shape: value.shape, data: value.data })
  if (!isArrayOfValues(value)) {
    throw invalid(`${field} is ${describeValue(value)}; expected an array or { shape, data }`)
  }
  if (pattern.filter(extent => extent === -1).length > 1) {
    throw invalid(
      `${field} has more than one free dimension in ${formatShape(pattern)}: give { shape, data } instead of an array`,
    )
  }
  return checked({ name, datatype, shape: inferShape(pattern, value.length, name), data: value })
}

/** What an author has given as shape and data is anything until `toTensor` has looked at it. */
function checked(tensor: { readonly [member in keyof TensorLike]: unknown }): Tensor {
  return toTensor(tensor as TensorLike)
}

function isShapedData(value: unknown): value is { readonly shape: unknown; readonly data: unknown } {
  return typeof value === 'object' && value !== null && 'shape' in value && 'data' in value
}

function isArrayOfValues(value: unknown): value is { readonly length: number } {
  return Array.isArray(value) || BytesArray.is(value) || (ArrayBuffer.isView(value) && 'length' in value)
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
