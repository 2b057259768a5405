import { ServingError } from '../../errors/index.ts'
import {
  allocateData,
  allowedValues,
  BIG_INTEGER_RANGE,
  type Datatype,
  INTEGER_RANGE,
  type NumericDatatype,
  type TensorData,
} from '../../tensor/index.ts'
import { type ContentsField, FIELD_OF } from './contents-fields.ts'
import type { WireReader } from './wire-reader.ts'

/**
 * The elements of a tensor from a numeric field that is not its datatype's own, such as INT32 in
 * `int64_contents`. Every value must be exactly one of the datatype's.
 * @throws ServingError INVALID_ARGUMENT naming the first element that is not, and the right field
 */
export function readExactElements(
  run: WireReader,
  field: ContentsField,
  name: string,
  datatype: Datatype,
  count: number,
): TensorData {
  // The caller has turned away byte strings on either side.
  const data = allocateData(datatype as NumericDatatype, count)
  const elements: { [index: number]: number | bigint } = data
  const read = valueReader(run, field)
  for (let index = 0; index < count; index++) {
    const value = read()
    const element = exactElement(datatype, value)
    if (element === undefined) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `tensor '${name}', element ${index}: ${value} in ${field.name} is not exactly ${allowedValues(datatype)} as ${datatype} needs it; the field of ${datatype} is ${FIELD_OF[datatype]?.name}`,
      )
    }
    elements[index] = element
  }
  return data
}

function valueReader(run: WireReader, field: ContentsField): () => number | bigint {
  switch (field.name) {
    case 'bool_contents':
      return () => (run.boolean() ? 1 : 0)
    case 'int_contents':
      return () => {
        run.varint64()
        return run.low
      }
    case 'uint_contents':
      return () => {
        run.varint64()
        return run.low >>> 0
      }
    case 'int64_contents':
      return () => run.int64()
    case 'uint64_contents':
      return () => run.uint64()
    case 'fp32_contents':
      return () => run.float()
    default:
      return () => run.double()
  }
}

/** `value` as the datatype's array stores it, or undefined if that would be another value. */
function exactElement(datatype: Datatype, value: number | bigint): number | bigint | undefined {
  const bigRange = BIG_INTEGER_RANGE[datatype]
  if (bigRange !== undefined) {
    if (typeof value === 'number' && !Number.isInteger(value)) return undefined
    const integer = BigInt(value)
    return integer >= bigRange[0] && integer <= bigRange[1] ? integer : undefined
  }
  const number = Number(value)
  if (typeof value === 'bigint' && BigInt(number) !== value) return undefined
  const range = datatype === 'BOOL' ? BOOLEAN_RANGE : INTEGER_RANGE[datatype]
  if (range !== undefined) {
    return Number.isInteger(number) && number >= range[0] && number <= range[1] ? number : undefined
  }
  const stored = datatype === 'FP32' ? Math.fround(number) : number
  return Object.is(stored, number) ? number : undefined
}

const BOOLEAN_RANGE = [0, 1] as const
