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
import { assertOneKind } from './content-type-kind.ts'
import { contentTypeParameter } from './content-type-parameter.ts'
import type { TensorCodec } from './tensor-codec.ts'

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
  const { name, datatype, contentType } = spec
  const field = `${side} '${name}'`
  if (contentType === undefined)
    return { name, read: tensor => tensor, write: value => plainTensor(value, spec, field) }

  const codec = codecFor(contentType, field)
  if (codec.datatype !== undefined && codec.datatype !== datatype) {
    throw invalid(
      `${field} has datatype ${datatype}; its content type '${contentType}' needs ${codec.datatype}`,
    )
  }
  return {
    name,
    read: tensor => readerOf(tensor, codec, field).decode(tensor),
    write(value) {
      if (!codec.canEncode(value)) {
        throw invalid(`${field} is ${describeValue(value)}, which content type '${contentType}' cannot write`)
      }
      return encodeForSpec(codec, name, value, spec)
    },
  }
}

/** The field's codec, unless the client names another whose values are of the same kind. */
function readerOf(tensor: Tensor, codec: TensorCodec<unknown>, field: string): TensorCodec<unknown> {
  const given = contentTypeParameter(tensor.parameters, field)
  if (given === undefined || given === codec.contentType) return codec
  const named = codecFor(given, field)
  assertOneKind(named, codec, field, 'the model')
  return named
}

/**
 * Writes a value as the tensor of a field: in its datatype where the value has none of its own, and in
 * its shape where the value is flat. A value with a shape keeps it, for the contract to judge.
 * @throws ServingError INVALID_ARGUMENT when the value cannot be written or does not fit
 */
export function encodeForSpec(
  codec: TensorCodec<unknown>,
  name: string,
  value: unknown,
  spec: TensorSpec | undefined,
): Tensor {
  const tensor = codec.encode(name, value, undefined, spec?.datatype)
  if (spec === undefined || shapeMatches(tensor.shape, spec.shape)) return tensor
  const isFlat = tensor.shape.every((extent, axis) => axis === 0 || extent === 1)
  return isFlat ? { ...tensor, shape: inferShape(spec.shape, tensor.data.length, name) } : tensor
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
