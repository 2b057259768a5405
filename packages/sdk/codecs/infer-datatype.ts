import { ServingError } from '../errors/index.ts'
import { BIG_INTEGER_RANGE, type Datatype, describeValue } from '../tensor/index.ts'

/**
 * The datatype of plain values: BOOL for booleans, BYTES for text and bytes, INT64 for whole numbers
 * (UINT64 if one is too large for it and none is negative), FP64 for other numbers, `null` and none at all.
 * @param name the tensor's name, for messages
 * @throws ServingError INVALID_ARGUMENT for other values and for a mixture that no datatype holds
 */
export function inferDatatype(name: string, values: readonly unknown[]): Datatype {
  const [first] = values
  if (values.length === 0) return 'FP64'
  if (typeof first === 'boolean') return allAre(name, values, 'BOOL', value => typeof value === 'boolean')
  if (isText(first)) return allAre(name, values, 'BYTES', isText)
  if (values.every(isWhole)) return integerType(values)
  return allAre(name, values, 'FP64', value => typeof value === 'number' || value === null)
}

/** True for a number without a fraction that is exact, so not for -0, which integers do not have. */
export function isWhole(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || (Number.isSafeInteger(value) && !Object.is(value, -0))
}

function integerType(values: readonly (number | bigint)[]): Datatype {
  const largest = BIG_INTEGER_RANGE['INT64']![1]
  const isUnsigned = values.some(value => value > largest) && values.every(value => value >= 0)
  return isUnsigned ? 'UINT64' : 'INT64'
}

function isText(value: unknown): boolean {
  return typeof value === 'string' || value instanceof Uint8Array
}

function allAre(
  name: string,
  values: readonly unknown[],
  datatype: Datatype,
  fits: (value: unknown) => boolean,
): Datatype {
  const index = values.findIndex(value => !fits(value))
  if (index === -1) return datatype
  const before = index === 0 ? '' : ` among values of ${datatype}`
  throw new ServingError(
    'INVALID_ARGUMENT',
    `tensor '${name}', element ${index} is ${describeValue(values[index])}${before}; expected numbers, booleans, or text and bytes, not mixed`,
  )
}
