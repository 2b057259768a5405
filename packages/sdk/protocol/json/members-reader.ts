import type { Parameters } from '../../tensor/index.ts'
import { LOWER_N, OPEN_BRACE, QUOTE } from './ascii.ts'
import type { JsonReader } from './json-reader.ts'
import type { Location, SchemaViolations } from './schema-violations.ts'
import { readObject, skipValue } from './value-reader.ts'

/** Reads a string. After a violation the text means nothing. */
export function readText(reader: JsonReader, violations: SchemaViolations, loc: Location): string {
  if (reader.peek() === QUOTE) return reader.readString()
  const start = reader.position
  skipValue(reader)
  violations.wrongType('string', loc, start)
  return ''
}

/** Reads `parameters`: any object; `null` is the same as none. */
export function readParameters(
  reader: JsonReader,
  violations: SchemaViolations,
  loc: Location,
): Parameters | undefined {
  if (reader.peek() === OPEN_BRACE) return readObject(reader)
  const start = reader.position
  skipValue(reader)
  if (reader.bytes[start] !== LOWER_N) violations.wrongType('object', loc, start)
  return undefined
}
