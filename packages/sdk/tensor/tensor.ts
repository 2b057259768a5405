import { ServingError } from '../errors/index.ts'
import { DATATYPES, type DataByDatatype, type Datatype, isDatatype } from './datatype.ts'
import { describeValue } from './describe-value.ts'
import { dataFromBytes, exactData } from './exact-data.ts'
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
 * and copy what must outlive the request: its memory is freed when the answer has been sent, and an
 * array kept over it is then empty.
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

/**
 * What a model may put where a tensor's data is expected: the exact array, which is taken as it is,
 * or a plain list of values, which is converted. In a list the numbers are values for every datatype:
 * those of `FP16`, `BF16` and `FP32` are rounded to the nearest they have, so `[1.5]` is one and a
 * half in each of them, while the `Uint16Array` of a `BF16` tensor holds bits.
 */
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
 * Checks a tensor and gives it its exact array. A tensor that is exact already is returned itself.
 * @throws ServingError INVALID_ARGUMENT when it is not a tensor at all, when shape and element count
 * disagree, or when a value does not fit: integers must be in range, and a finite number must not
 * become infinite by rounding.
 */
export function toTensor<D extends Datatype>(tensor: TensorLike<D>): Tensor<D> {
  checkForm(tensor)
  const { name, datatype, shape } = tensor
  const count = elementCount(shape, name)
  const data = exactData(name, datatype, tensor.data)
  if (data.length !== count) throw invalid(countMismatch(name, shape, count, data.length))
  // The compiler cannot see that `data` belongs to `datatype`; `exactData` has made it so.
  return (data === tensor.data ? tensor : { ...tensor, data }) as Tensor<D>
}

/**
 * A tensor over wire bytes, which stay where they are; only bytes that do not lie at a multiple of
 * the element size are copied.
 * @throws ServingError INVALID_ARGUMENT when the bytes are not exactly what shape and datatype need.
 */
export function tensorFromBytes(
  name: string,
  datatype: Datatype,
  shape: Shape,
  bytes: Uint8Array,
  parameters?: Parameters,
): Tensor {
  const data = dataFromBytes(name, datatype, shape, bytes)
  // As in `toTensor`: the data has just been made for this datatype.
  return { name, datatype, shape, data, parameters } as Tensor
}

export function countMismatch(name: string, shape: Shape, expected: number, actual: number): string {
  return `tensor '${name}' has ${actual} ${actual === 1 ? 'element' : 'elements'}; shape ${formatShape(shape)} needs exactly ${expected}`
}

/** Authors also write JavaScript, so what the types promise is looked at once more. */
function checkForm(tensor: unknown): void {
  if (typeof tensor !== 'object' || tensor === null) {
    throw invalid(`expected a tensor { name, datatype, shape, data }, got ${describeValue(tensor)}`)
  }
  const { name, datatype, shape } = tensor as { [member in keyof Tensor]?: unknown }
  if (typeof name !== 'string') throw invalid(`a tensor has name ${describeValue(name)}; expected text`)
  if (!isDatatype(datatype)) {
    throw invalid(
      `tensor '${name}' has datatype ${describeValue(datatype)}; expected one of ${DATATYPES.join(', ')}`,
    )
  }
  if (!Array.isArray(shape)) {
    throw invalid(`tensor '${name}' has shape ${describeValue(shape)}; expected an array of integers`)
  }
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
