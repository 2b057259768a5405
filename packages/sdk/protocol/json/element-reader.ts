import { ServingError } from '../../errors/index.ts'
import { allowedValues, type Datatype, type TensorData } from '../../tensor/index.ts'
import { DIGIT_0, DIGIT_9, LOWER_F, LOWER_N, LOWER_T, MINUS, OPEN_BRACE, QUOTE } from './ascii.ts'
import type { JsonReader } from './json-reader.ts'

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

const SHOWN_CHARACTERS = 40

/** @param found the offending value, as it is to be shown */
export function elementError(
  name: string,
  index: number,
  found: string,
  datatype: Datatype,
  allowed: string = allowedValues(datatype),
): ServingError {
  return new ServingError(
    'INVALID_ARGUMENT',
    `tensor '${name}', element ${index}: ${found} is not ${allowed}`,
  )
}

/**
 * Refuses what is at the cursor: as an element of the wrong kind if it starts a JSON value, else as
 * broken JSON.
 */
export function refuseElement(
  reader: JsonReader,
  name: string,
  index: number,
  datatype: Datatype,
  allowed?: string,
): never {
  throw elementError(name, index, describeValue(reader), datatype, allowed)
}

function describeValue(reader: JsonReader): string {
  const start = reader.position
  const byte = reader.bytes[start] ?? -1
  if (byte === QUOTE) return JSON.stringify(shorten(reader.readString()))
  if (byte === OPEN_BRACE) return 'an object'
  for (const [first, literal] of LITERALS) {
    if (byte !== first) continue
    reader.readLiteral(literal)
    return literal
  }
  if (byte !== MINUS && (byte < DIGIT_0 || byte > DIGIT_9)) reader.fail('expected a value')
  let end = start
  while (NUMBER_CHARACTERS.includes(String.fromCharCode(reader.bytes[end] ?? 0))) end++
  return shorten(reader.text(start, end))
}

const LITERALS = [
  [LOWER_T, 'true'],
  [LOWER_F, 'false'],
  [LOWER_N, 'null'],
] as const

const NUMBER_CHARACTERS = '+-.0123456789Ee'

function shorten(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
}
