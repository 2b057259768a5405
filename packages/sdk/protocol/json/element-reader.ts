import { ServingError } from '../../errors/index.ts'
import { allowedValues, type Datatype, describeValue, type TensorData } from '../../tensor/index.ts'
import { LOWER_F, LOWER_N, LOWER_T, OPEN_BRACE, QUOTE } from './ascii.ts'
import type { JsonReader } from './json-reader.ts'
import { readNumbers } from './number-reader.ts'

/** Turns the elements of one tensor's `data` into the array of its datatype. */
export interface ElementReader {
  /** How many elements were read, those that found no place any more included. */
  readonly count: number
  /**
   * Reads the element at the cursor. Inside an array it may go on with those that follow after
   * commas, and leaves the cursor behind the last one it took.
   */
  read(reader: JsonReader, isInArray: boolean): void
  /** What was read; of use only when `count` is what the shape asks for. */
  data(): TensorData
}

/** @param found the offending value, as it is to be shown */
export function elementError(name: string, index: number, found: string, datatype: Datatype): ServingError {
  return new ServingError(
    'INVALID_ARGUMENT',
    `tensor '${name}', element ${index}: ${found} is not ${allowedValues(datatype)}`,
  )
}

/**
 * Refuses what is at the cursor: as an element of the wrong kind if it starts a JSON value, else as
 * broken JSON.
 */
export function refuseElement(reader: JsonReader, name: string, index: number, datatype: Datatype): never {
  throw elementError(name, index, readDescription(reader), datatype)
}

const SHOWN_CHARACTERS = 40
const LITERALS = new Map([
  [LOWER_T, 'true'],
  [LOWER_F, 'false'],
  [LOWER_N, 'null'],
])
const value = new Float64Array(1)

function readDescription(reader: JsonReader): string {
  const start = reader.position
  const byte = reader.next()
  if (byte === QUOTE) return describeValue(reader.readString())
  if (byte === OPEN_BRACE) return 'an object'
  const literal = LITERALS.get(byte)
  if (literal !== undefined) {
    reader.readLiteral(literal)
    return literal
  }
  if (readNumbers(reader, value, 1, false) === 0) reader.fail('expected a value')
  // As it was written, because the value may be what is lost.
  const text = reader.text(start, reader.position)
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
}
