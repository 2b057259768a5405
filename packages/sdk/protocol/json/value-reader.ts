import type { Parameters, ParameterValue } from '../../tensor/index.ts'
import { LOWER_F, LOWER_N, LOWER_T, OPEN_BRACE, OPEN_BRACKET, QUOTE } from './ascii.ts'
import type { JsonReader } from './json-reader.ts'
import { readNumbers } from './number-reader.ts'

const numbers = new Float64Array(64)

/**
 * Reads any JSON value. Integers that a double cannot hold exactly become bigint. Of members with
 * the same name the last one wins.
 */
export function readValue(reader: JsonReader): ParameterValue {
  switch (reader.peek()) {
    case QUOTE:
      return reader.readString()
    case OPEN_BRACE:
      return readObject(reader)
    case OPEN_BRACKET: {
      const items: ParameterValue[] = []
      for (let isItem = reader.firstItem(); isItem; isItem = reader.nextItem()) items.push(readValue(reader))
      return items
    }
    case LOWER_T:
      reader.readLiteral('true')
      return true
    case LOWER_F:
      reader.readLiteral('false')
      return false
    case LOWER_N:
      reader.readLiteral('null')
      return null
    default:
      return readNumber(reader)
  }
}

/** Reads an object as it is, `__proto__` included, which becomes a member like any other. */
export function readObject(reader: JsonReader): Parameters {
  const object: { [name: string]: ParameterValue } = {}
  for (let key = reader.firstKey(); key !== undefined; key = reader.nextKey()) {
    const value = readValue(reader)
    // Assigning to `__proto__` would exchange the prototype.
    if (key === '__proto__') Object.defineProperty(object, key, { value, ...ORDINARY })
    else object[key] = value
  }
  return object
}

const ORDINARY = { enumerable: true, configurable: true, writable: true }

function readNumber(reader: JsonReader): number | bigint {
  const start = reader.position
  if (readNumbers(reader, numbers, 1, false) === 0) reader.fail('expected a value')
  const value = numbers[0]!
  if (Number.isSafeInteger(value)) return value
  if (!Number.isFinite(value)) reader.fail('a number is beyond the range of a double', start)
  if (!Number.isInteger(value)) return value
  const text = reader.text(start, reader.position)
  return /^-?\d+$/.test(text) ? BigInt(text) : value
}

/** Steps over any JSON value; it is checked like one that is wanted. */
export function skipValue(reader: JsonReader): void {
  switch (reader.peek()) {
    case OPEN_BRACE:
      for (let key = reader.firstKey(); key !== undefined; key = reader.nextKey()) skipValue(reader)
      break
    case OPEN_BRACKET:
      for (let isItem = reader.firstItem(); isItem; isItem = reader.nextItem()) {
        // Whole runs of numbers at once, because what is skipped is often the data of a tensor
        // whose datatype is yet to come.
        if (readNumbers(reader, numbers, numbers.length, true) === 0) skipValue(reader)
      }
      break
    default:
      readValue(reader)
  }
}
