import { ServingError } from '../../errors/index.ts'
import type { Shape } from '../../tensor/index.ts'
import { OPEN_BRACKET, QUOTE } from './ascii.ts'
import type { JsonReader } from './json-reader.ts'
import { readNumbers } from './number-reader.ts'
import { formatLocation, type Location, type SchemaViolations } from './schema-violations.ts'
import { skipValue } from './value-reader.ts'

/** More dimensions than any framework knows. */
const MAX_DIMENSIONS = 64

const dimension = new Float64Array(1)

/**
 * Reads a `shape`. Like MLServer it takes integral numbers in any form (`1.0`) and as text (`"1"`);
 * whether an extent may be negative or as large as it is, `elementCount` says.
 * @param loc of the shape
 * @returns anything after a violation
 */
export function readShape(reader: JsonReader, violations: SchemaViolations, loc: Location): Shape {
  const start = reader.position
  if (reader.peek() !== OPEN_BRACKET) {
    skipValue(reader)
    violations.wrongType('list', loc, start)
    return []
  }
  const shape: number[] = []
  for (let isItem = reader.firstItem(); isItem; isItem = reader.nextItem()) {
    if (shape.length === MAX_DIMENSIONS) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `${formatLocation(loc)} has more than ${MAX_DIMENSIONS} dimensions`,
      )
    }
    const itemStart = reader.position
    const extent = readExtent(reader)
    if (typeof extent === 'string') {
      violations.wrongType(extent, [...loc, shape.length], itemStart)
      shape.push(0)
    } else {
      shape.push(extent)
    }
  }
  return shape
}

function readExtent(reader: JsonReader): number | 'integer' | 'wholeNumber' | 'integerText' {
  if (reader.peek() === QUOTE) {
    const text = reader.readString()
    return /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : 'integerText'
  }
  if (readNumbers(reader, dimension, 1, false) === 0) {
    skipValue(reader)
    return 'integer'
  }
  const extent = dimension[0]!
  if (Number.isNaN(extent)) return 'integer'
  return Number.isInteger(extent) ? extent : 'wholeNumber'
}
