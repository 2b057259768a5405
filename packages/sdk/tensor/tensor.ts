import { ServingError } from '../errors/index.ts'
import { BytesArray } from './bytes-array.ts'
import {
  allocateData,
  type DataByDatatype,
  type Datatype,
  ELEMENT_SIZE_BYTES,
  isDataOf,
  type NumericDatatype,
  type TensorData,
  viewData,
} from './datatype.ts'
import { elementCount, formatShape, type Shape } from './shape.ts'

/** A value of a parameter. The protocol knows text, numbers and booleans; REST also carries any JSON. */
export type ParameterValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly ParameterValue[]
  | { readonly [name: string]: ParameterValue }

export type Parameters = { readonly [name: string]: ParameterValue }

/**
 * A named tensor: `shape` counts every dimension, `data` holds exactly the product of `shape`
 * elements. `data` is usually a view on bytes that came from a socket: read it, do not write to it,
 * and copy what must outlive the request.
 */
export type Tensor<D extends Datatype = Datatype> = {
  [K in D]: {
    readonly name: string
    readonly datatype: K
    readonly shape: Shape
    readonly data: DataByDatatype[K]
    readonly parameters?: Parameters | undefined
  }
}[D]

/** What a model may put where a tensor's data is expected: the exact array, or a plain list of values. */
export type DataLike<D extends Datatype> =
  | DataByDatatype[D]
  | (D extends 'BYTES'
      ? readonly (string | Uint8Array)[]
      : D extends 'INT64' | 'UINT64'
        ? readonly (bigint | number)[]
        : D extends 'BOOL'
          ? readonly (boolean | number)[]
          : readonly number[])

/** A tensor as a model may write it down; {@link toTensor} makes it exact. */
export type TensorLike<D extends Datatype = Datatype> = {
  [K in D]: {
    readonly name: string
    readonly datatype: K
    readonly shape: Shape
    readonly data: DataLike<K>
    readonly parameters?: Parameters | undefined
  }
}[D]

/**
 * Checks a tensor and gives it its exact array. Arrays that are exact already are not copied.
 * @throws ServingError INVALID_ARGUMENT when shape and element count disagree or a value does not fit.
 */
export function toTensor<D extends Datatype>(tensor: TensorLike<D>): Tensor<D> {
  const { name, datatype, shape } = tensor
  const count = elementCount(shape, name)
  const data = exactData(name, datatype, tensor.data)
  if (data.length !== count) {
    throw new ServingError('INVALID_ARGUMENT', countMismatch(name, shape, count, data.length))
  }
  if (data === tensor.data) return tensor as Tensor<D>
  return { name, datatype, shape, data, parameters: tensor.parameters } as Tensor<D>
}

/**
 * A tensor over wire bytes, which stay where they are.
 * @throws ServingError INVALID_ARGUMENT when the bytes are not exactly what shape and datatype need.
 */
export function tensorFromBytes(
  name: string,
  datatype: Datatype,
  shape: Shape,
  bytes: Uint8Array,
  parameters?: Parameters,
): Tensor {
  const count = elementCount(shape, name)
  let data: TensorData
  if (datatype === 'BYTES') {
    data = parsePacked(name, bytes, count)
  } else {
    const expectedBytes = count * ELEMENT_SIZE_BYTES[datatype]
    if (bytes.length !== expectedBytes) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `tensor '${name}' has ${bytes.length} bytes of data; ${datatype} of shape ${formatShape(shape)} takes exactly ${expectedBytes}`,
      )
    }
    data = viewData(datatype, bytes)
  }
  return { name, datatype, shape, data, parameters } as Tensor
}

export function countMismatch(name: string, shape: Shape, expected: number, actual: number): string {
  return `tensor '${name}' has ${actual} ${actual === 1 ? 'element' : 'elements'}; shape ${formatShape(shape)} needs exactly ${expected}`
}

function parsePacked(name: string, bytes: Uint8Array, count: number): BytesArray {
  try {
    return BytesArray.fromPacked(bytes, count)
  } catch (error) {
    if (!ServingError.is(error)) throw error
    throw new ServingError(error.code, `tensor '${name}': ${error.message}`)
  }
}

function exactData(name: string, datatype: Datatype, data: TensorLike['data']): TensorData {
  if (isDataOf(datatype, data)) return data
  if (!Array.isArray(data)) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `tensor '${name}' of datatype ${datatype} holds ${describe(data)}; expected ${arrayName(datatype)} or an array of values`,
    )
  }
  if (datatype === 'BYTES') return packValues(name, data)
  return fillNumbers(name, datatype, data)
}

function packValues(name: string, values: readonly unknown[]): BytesArray {
  for (const [index, value] of values.entries()) {
    if (typeof value !== 'string' && !(value instanceof Uint8Array)) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `tensor '${name}', element ${index}: ${describe(value)} is not text or bytes, which BYTES needs`,
      )
    }
  }
  return BytesArray.from(values as readonly (string | Uint8Array)[])
}

/** Smallest and largest value of the integer datatypes that JavaScript numbers hold exactly. */
export const INTEGER_RANGE: Readonly<Record<string, readonly [min: number, max: number]>> = {
  UINT8: [0, 0xff],
  UINT16: [0, 0xffff],
  UINT32: [0, 0xffffffff],
  INT8: [-0x80, 0x7f],
  INT16: [-0x8000, 0x7fff],
  INT32: [-0x80000000, 0x7fffffff],
  BF16: [0, 0xffff],
}

/** Smallest and largest value of the 64-bit integer datatypes. */
export const BIG_INTEGER_RANGE: Readonly<Record<string, readonly [min: bigint, max: bigint]>> = {
  UINT64: [0n, 0xffff_ffff_ffff_ffffn],
  INT64: [-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
}

function fillNumbers(name: string, datatype: NumericDatatype, values: readonly unknown[]): TensorData {
  const data = allocateData(datatype, values.length) as { [index: number]: number | bigint } & TensorData
  const range = INTEGER_RANGE[datatype]
  const bigRange = BIG_INTEGER_RANGE[datatype]
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    const fits = bigRange
      ? isBigInRange(value, bigRange)
      : datatype === 'BOOL'
        ? typeof value === 'boolean' || value === 0 || value === 1
        : typeof value === 'number' &&
          (range === undefined || (Number.isInteger(value) && value >= range[0] && value <= range[1]))
    if (!fits) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `tensor '${name}', element ${index}: ${describe(value)} is not ${allowedValues(datatype)}`,
      )
    }
    data[index] = bigRange ? BigInt(value as bigint | number) : Number(value)
  }
  return data
}

function isBigInRange(value: unknown, [min, max]: readonly [bigint, bigint]): boolean {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return false
  if (typeof value !== 'number' && typeof value !== 'bigint') return false
  return value >= min && value <= max
}

/** What an element of this datatype may be, for messages: `an integer from -128 to 127`. */
export function allowedValues(datatype: Datatype): string {
  if (datatype === 'BOOL') return 'true or false'
  if (datatype === 'BYTES') return 'text'
  const range = INTEGER_RANGE[datatype] ?? BIG_INTEGER_RANGE[datatype]
  return range === undefined ? 'a number' : `an integer from ${range[0]} to ${range[1]}`
}

function arrayName(datatype: Datatype): string {
  return datatype === 'BYTES' ? 'a BytesArray' : `a ${allocateData(datatype, 0).constructor.name}`
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  if (typeof value === 'object') return `a ${value.constructor?.name ?? 'object'}`
  return String(value as number | bigint | boolean | symbol)
}
