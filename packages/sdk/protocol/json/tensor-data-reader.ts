import { ServingError } from '../../errors/index.ts'
import {
  countMismatch,
  type Datatype,
  elementCount,
  type Shape,
  type TensorData,
} from '../../tensor/index.ts'
import { CLOSE_BRACKET, COMMA, OPEN_BRACKET } from './ascii.ts'
import { createBooleanElements } from './boolean-elements.ts'
import type { ElementReader } from './element-reader.ts'
import { createInteger64Elements } from './integer64-elements.ts'
import type { JsonReader } from './json-reader.ts'
import { createNumberElements } from './number-elements.ts'
import { createTextElements } from './text-elements.ts'

/** The shortest element takes a digit and a comma. */
const MIN_ELEMENT_BYTES = 2

/**
 * Reads the `data` of a tensor at the cursor: an array, flat or nested in any way, or a single
 * element. The memory it takes is bounded by the bytes that are there, whatever the shape claims.
 * @throws ServingError INVALID_ARGUMENT naming the tensor, and the element if it is one element's fault
 */
export function readTensorData(
  reader: JsonReader,
  name: string,
  datatype: Datatype,
  shape: Shape,
): TensorData {
  const expected = elementCount(shape, name)
  const room = Math.ceil((reader.bytes.length - reader.position) / MIN_ELEMENT_BYTES)
  const elements = createElements(name, datatype, Math.min(expected, room))
  walk(reader, elements)
  if (elements.count !== expected) {
    throw new ServingError('INVALID_ARGUMENT', countMismatch(name, shape, expected, elements.count))
  }
  return elements.data()
}

function createElements(name: string, datatype: Datatype, capacity: number): ElementReader {
  switch (datatype) {
    case 'BOOL':
      return createBooleanElements(name, capacity)
    case 'INT64':
    case 'UINT64':
      return createInteger64Elements(name, datatype, capacity)
    case 'BYTES':
      return createTextElements(name)
    case 'BF16':
      throw new ServingError(
        'INVALID_ARGUMENT',
        `tensor '${name}' has datatype BF16, which JSON numbers cannot carry: send it as binary tensor data (parameters.binary_data_size)`,
      )
    default:
      return createNumberElements(name, datatype, capacity)
  }
}

function walk(reader: JsonReader, elements: ElementReader): void {
  let depth = 0
  for (;;) {
    if (reader.peek() === OPEN_BRACKET) {
      reader.enter()
      depth++
      if (reader.next() !== CLOSE_BRACKET) continue
      reader.leave()
      depth--
    } else {
      elements.read(reader, depth > 0)
    }

    for (;;) {
      if (depth === 0) return
      const byte = reader.next()
      if (byte === COMMA) {
        reader.position++
        reader.next()
        break
      }
      if (byte !== CLOSE_BRACKET) reader.fail("expected ',' or ']'")
      reader.leave()
      depth--
    }
  }
}
