import { ServingError } from '../errors/index.ts'
import { BytesArray } from './bytes-array.ts'
import {
  arrayKind,
  type Datatype,
  ELEMENT_SIZE_BYTES,
  isDataOf,
  type TensorData,
  viewData,
} from './datatype.ts'
import { describeValue, withArticle } from './describe-value.ts'
import { allowedValues, fillElements } from './element-values.ts'
import { elementCount, formatShape, type Shape } from './shape.ts'

/**
 * Wire bytes as the array of their datatype.
 * @throws ServingError INVALID_ARGUMENT when they are not exactly what shape and datatype need.
 */
export function dataFromBytes(name: string, datatype: Datatype, shape: Shape, bytes: Uint8Array): TensorData {
  const count = elementCount(shape, name)
  if (datatype === 'BYTES') return named(name, () => BytesArray.fromPacked(bytes, count))
  const expectedBytes = count * ELEMENT_SIZE_BYTES[datatype]
  if (bytes.length !== expectedBytes) {
    throw invalid(
      `tensor '${name}' has ${bytes.length} bytes of data; ${datatype} of shape ${formatShape(shape)} takes exactly ${expectedBytes}`,
    )
  }
  if (datatype === 'BOOL') checkBooleans(name, bytes)
  return viewData(datatype, bytes)
}

/**
 * What an author wrote as data, as the array of its datatype; an exact array is returned itself.
 * @throws ServingError INVALID_ARGUMENT naming the element that does not fit.
 */
export function exactData(name: string, datatype: Datatype, data: unknown): TensorData {
  if (isDataOf(datatype, data)) {
    if (datatype === 'BOOL' && data instanceof Uint8Array) checkBooleans(name, data)
    return data
  }
  if (!Array.isArray(data)) {
    throw invalid(
      `tensor '${name}' of datatype ${datatype} holds ${describeValue(data)}; expected ${withArticle(arrayKind(datatype))} or an array of values`,
    )
  }
  // Nobody has looked at the elements yet; both of these do.
  if (datatype === 'BYTES') return named(name, () => BytesArray.from(data))
  return fillElements(datatype, data, (value, index) => misfit(name, datatype, value, index))
}

/** Other bytes would be true to one reader and 255 to another. */
function checkBooleans(name: string, data: Uint8Array): void {
  for (let index = 0; index < data.length; index++) {
    if (data[index]! <= 1) continue
    throw invalid(`tensor '${name}', element ${index}: byte ${data[index]} is not 0 or 1, which BOOL needs`)
  }
}

function misfit(name: string, datatype: Datatype, value: unknown, index: number): ServingError {
  const isInexact = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
  const hint =
    isInexact && datatype.endsWith('INT64') ? '; beyond 2^53 - 1 it must be a bigint to be exact' : ''
  return invalid(
    `tensor '${name}', element ${index}: ${describeValue(value)} is not ${allowedValues(datatype)}${hint}`,
  )
}

/** Puts the tensor's name before the message of an error of its data. */
function named<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!ServingError.is(error)) throw error
    throw new ServingError(error.code, `tensor '${name}': ${error.message}`)
  }
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
