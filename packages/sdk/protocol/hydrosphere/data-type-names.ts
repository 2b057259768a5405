import { ServingError } from '../../errors/index.ts'
import type { Datatype } from '../../tensor/index.ts'
import { WIRE_DATATYPES } from './data-types.ts'
import type { HydrosphereGeneration } from './generation.ts'

/** Of nested fields, which are no tensor's. */
export const MAP_NUMBER = 27

/** Types that the protocol has and Millrace does not, by number. */
const FOREIGN_TYPES: Readonly<Record<number, string>> = {
  8: 'DT_COMPLEX64',
  11: 'DT_QINT8',
  12: 'DT_QUINT8',
  13: 'DT_QINT32',
  15: 'DT_QINT16',
  16: 'DT_QUINT16',
  18: 'DT_COMPLEX128',
  20: 'DT_RESOURCE',
  21: 'DT_VARIANT',
  24: 'DT_ANY',
}

const DATATYPES_BY_NUMBER: ReadonlyMap<number, Datatype> = new Map(
  (Object.keys(WIRE_DATATYPES) as Datatype[]).map(datatype => [WIRE_DATATYPES[datatype].number, datatype]),
)

/**
 * The datatype that a number of the enum `DataType` means.
 * @param subject what has it, for messages: "tensor 'x'"
 * @throws ServingError UNIMPLEMENTED for a type that no V2 datatype holds; INVALID_ARGUMENT for no type
 */
export function datatypeOf(number: number, subject: string): Datatype {
  const datatype = DATATYPES_BY_NUMBER.get(number)
  if (datatype !== undefined) return datatype
  if (number === MAP_NUMBER) {
    throw new ServingError(
      'UNIMPLEMENTED',
      `${subject} has nested fields (DT_MAP), which tensors cannot hold; they are for models whose own program speaks Hydrosphere's protocol`,
    )
  }
  const foreign = FOREIGN_TYPES[number]
  if (foreign !== undefined) {
    throw new ServingError(
      'UNIMPLEMENTED',
      `${subject} has dtype ${foreign}, which is not supported; supported are DT_FLOAT, DT_DOUBLE, DT_HALF, DT_BFLOAT16, DT_BOOL, DT_STRING and the integers`,
    )
  }
  throw new ServingError(
    'INVALID_ARGUMENT',
    number === 0
      ? `${subject} has no dtype`
      : `${subject} has dtype ${number}, which is not a number of the enum DataType`,
  )
}

/**
 * The number of a datatype.
 * @throws ServingError UNIMPLEMENTED for one that the generation has no number for
 */
export function dataTypeNumber(
  datatype: Datatype,
  generation: HydrosphereGeneration,
  subject: string,
): number {
  if (datatype !== 'BF16' || generation !== 'G3') return WIRE_DATATYPES[datatype].number
  throw new ServingError(
    'UNIMPLEMENTED',
    `${subject} has datatype BF16, which Hydrosphere's third generation cannot carry; FP32 holds the same numbers`,
  )
}
