import {
  allocateData,
  BIG_INTEGER_RANGE,
  BytesArray,
  type Datatype,
  INTEGER_RANGE,
  type NumericDatatype,
  type TensorData,
  toTensor,
} from '@millrace/sdk'

/** Tells of a value that does not fit. */
type OnMisfit = (index: number, value: unknown) => void

/**
 * Makes elements of JSON values. Numbers may also be texts, as `"1.5"`; null is NaN where there is one.
 * @returns undefined when something does not fit, of which all has been told
 */
export type ElementConverter = (values: readonly unknown[], onMisfit: OnMisfit) => TensorData | undefined

export function elementConverter(datatype: Datatype): ElementConverter {
  switch (datatype) {
    case 'BYTES':
      return toTexts
    case 'BF16':
      return toBfloats
    default:
      return numericConverter(datatype)
  }
}

/** A value as its datatype's array takes it; undefined for one that does not fit. */
type ToElement = (value: unknown) => number | bigint | undefined

function numericConverter(datatype: Exclude<NumericDatatype, 'BF16'>): ElementConverter {
  const toElement = TO_ELEMENT[datatype]
  return (values, onMisfit) => {
    const data = allocateData(datatype, values.length)
    const elements: { [index: number]: number | bigint } = data
    let isWhole = true
    for (let index = 0; index < values.length; index++) {
      const element = toElement(values[index])
      if (element !== undefined) elements[index] = element
      else {
        isWhole = false
        onMisfit(index, values[index])
      }
    }
    return isWhole ? data : undefined
  }
}

/** A JSON number, also inside of a text; blanks around it are not part of one. */
const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const INTEGER = /^-?\d{1,20}$/
/** A longer text is not read as a number: the digits of a double end far before. */
const MAX_NUMBER_LENGTH = 400

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'string' || value.length > MAX_NUMBER_LENGTH || !NUMBER.test(value)) return undefined
  return Number(value)
}

function float(round: (value: number) => number): ToElement {
  return value => {
    if (value === null) return Number.NaN
    const number = numberOf(value)
    if (number === undefined) return undefined
    const rounded = round(number)
    return Number.isFinite(rounded) ? rounded : undefined
  }
}

function integer(datatype: string): ToElement {
  const [min, max] = INTEGER_RANGE[datatype]!
  return value => {
    const number = numberOf(value)
    return number !== undefined && Number.isInteger(number) && number >= min && number <= max
      ? number
      : undefined
  }
}

function bigInteger(datatype: string): ToElement {
  const [min, max] = BIG_INTEGER_RANGE[datatype]!
  return value => {
    const exact = exactInteger(value)
    return exact !== undefined && exact >= min && exact <= max ? exact : undefined
  }
}

function exactInteger(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value === 'string' && INTEGER.test(value)) return BigInt(value)
  const number = numberOf(value)
  // A larger one would have come as bigint, had it been written as an integer.
  return number !== undefined && Number.isSafeInteger(number) ? BigInt(number) : undefined
}

const TO_ELEMENT: Readonly<Record<Exclude<NumericDatatype, 'BF16'>, ToElement>> = {
  BOOL: value => (value === true ? 1 : value === false ? 0 : undefined),
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
}

const toTexts: ElementConverter = (values, onMisfit) => {
  let isWhole = true
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (typeof value === 'string' && value.isWellFormed()) continue
    isWhole = false
    onMisfit(index, value)
  }
  return isWhole ? BytesArray.from(values as readonly string[]) : undefined
}

/** By way of float32, whose range is nearly the same. */
const toBfloats: ElementConverter = (values, onMisfit) => {
  const floats = numericConverter('FP32')(values, onMisfit)
  if (floats === undefined) return undefined
  const numbers = Array.from(floats as Float32Array)
  let isWhole = true
  for (const [index, number] of numbers.entries()) {
    if (Math.abs(number) <= LARGEST_BFLOAT || Number.isNaN(number)) continue
    isWhole = false
    onMisfit(index, values[index])
  }
  if (!isWhole) return undefined
  return toTensor({ name: '', datatype: 'BF16', shape: [numbers.length], data: numbers }).data
}

/** What rounds to it is left to it; beyond lies infinity. */
const LARGEST_BFLOAT = (2 - 2 ** -7) * 2 ** 127
