import { allocateData, type Datatype, type NumericDatatype } from './datatype.ts'
import { roundToBf16 } from './half-floats.ts'

/** Smallest and largest value of the integer datatypes that JavaScript numbers hold exactly. */
export const INTEGER_RANGE: Readonly<Record<string, readonly [min: number, max: number]>> = {
  UINT8: [0, 0xff],
  UINT16: [0, 0xffff],
  UINT32: [0, 0xffffffff],
  INT8: [-0x80, 0x7f],
  INT16: [-0x8000, 0x7fff],
  INT32: [-0x80000000, 0x7fffffff],
}

/** Smallest and largest value of the 64-bit integer datatypes. */
export const BIG_INTEGER_RANGE: Readonly<Record<string, readonly [min: bigint, max: bigint]>> = {
  UINT64: [0n, 0xffff_ffff_ffff_ffffn],
  INT64: [-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
}

/** Largest finite value of the floating-point datatypes that are narrower than a JavaScript number. */
const LARGEST_FLOAT: Readonly<Record<string, number>> = {
  FP16: 65504,
  BF16: (2 - 2 ** -7) * 2 ** 127,
  FP32: (2 - 2 ** -23) * 2 ** 127,
}

/** What an element of this datatype may be, for messages: `an integer from -128 to 127`. */
export function allowedValues(datatype: Datatype): string {
  if (datatype === 'BOOL') return 'true or false'
  if (datatype === 'BYTES') return 'text'
  const range = INTEGER_RANGE[datatype] ?? BIG_INTEGER_RANGE[datatype]
  if (range !== undefined) return `an integer from ${range[0]} to ${range[1]}`
  const largest = LARGEST_FLOAT[datatype]
  return largest === undefined ? 'a number' : `a number from -${largest} to ${largest}`
}

/** A value as its datatype's array stores it, or `undefined` when it does not fit. */
type ElementConverter = (value: unknown) => number | bigint | undefined

/**
 * How plain values become elements. Integers must be exact; floating-point values are rounded to the
 * nearest that the datatype has, but a finite one is never made infinite.
 */
const TO_ELEMENT: Readonly<Record<NumericDatatype, ElementConverter>> = {
  BOOL: value => (value === true || value === 1 ? 1 : value === false || value === 0 ? 0 : undefined),
  UINT8: integer('UINT8'),
  UINT16: integer('UINT16'),
  UINT32: integer('UINT32'),
  UINT64: bigInteger('UINT64'),
  INT8: integer('INT8'),
  INT16: integer('INT16'),
  INT32: integer('INT32'),
  INT64: bigInteger('INT64'),
  FP16: float(Math.f16round),
  FP32: float(Math.fround),
  FP64: float(value => value),
  BF16: bf16(),
}

/** Values as elements of a fresh array. `misfit` makes the error for a value that does not fit. */
export function fillElements<D extends NumericDatatype>(
  datatype: D,
  values: readonly unknown[],
  misfit: (value: unknown, index: number) => Error,
) {
  const toElement = TO_ELEMENT[datatype]
  const data = allocateData(datatype, values.length)
  const elements: { [index: number]: number | bigint } = data
  for (let index = 0; index < values.length; index++) {
    const element = toElement(values[index])
    if (element === undefined) throw misfit(values[index], index)
    elements[index] = element
  }
  return data
}

function integer(datatype: string): ElementConverter {
  const [min, max] = INTEGER_RANGE[datatype]!
  return value =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : undefined
}

function bigInteger(datatype: string): ElementConverter {
  const [min, max] = BIG_INTEGER_RANGE[datatype]!
  return value => {
    // A number beyond 2^53 - 1 is already a neighbour of what was meant.
    const exact = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value
    return typeof exact === 'bigint' && exact >= min && exact <= max ? exact : undefined
  }
}

function float(round: (value: number) => number): ElementConverter {
  return value => {
    if (typeof value !== 'number') return undefined
    const rounded = round(value)
    return Number.isFinite(value) && !Number.isFinite(rounded) ? undefined : rounded
  }
}

/** By way of float32, like every other library of the field. */
function bf16(): ElementConverter {
  const value32 = new Float32Array(1)
  const word = new Uint32Array(value32.buffer)
  return value => {
    if (typeof value !== 'number') return undefined
    value32[0] = value
    const bits = roundToBf16(word[0]!)
    const isInfinite = (bits & 0x7fff) === 0x7f80
    return Number.isFinite(value) && isInfinite ? undefined : bits
  }
}
