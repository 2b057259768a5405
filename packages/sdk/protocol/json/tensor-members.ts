import {
  type Datatype,
  isDatatype,
  type Parameters,
  type Shape,
  type TensorData,
} from '../../tensor/index.ts'
import { LOWER_N, QUOTE } from './ascii.ts'
import type { JsonReader } from './json-reader.ts'
import { readParameters, readText } from './members-reader.ts'
import type { Location, SchemaViolations } from './schema-violations.ts'
import { readShape } from './shape-reader.ts'
import { readTensorData } from './tensor-data-reader.ts'
import { skipValue } from './value-reader.ts'

/** The members of one object of `inputs` or `outputs` as they were given; undefined where absent. */
interface TensorMembers {
  name: string | undefined
  shape: Shape | undefined
  datatype: Datatype | undefined
  parameters: Parameters | undefined
  /** Where `data` begins; -1 if it is absent or `null`. */
  dataStart: number
  /** The elements, unless something they depend on came after them. */
  data: TensorData | undefined
}

/** Reads an object of `inputs` or `outputs`. What broke the schema is in `violations`; the values then mean nothing. */
export function readTensorMembers(
  reader: JsonReader,
  violations: SchemaViolations,
  loc: Location,
): TensorMembers {
  const members: TensorMembers = {
    name: undefined,
    shape: undefined,
    datatype: undefined,
    parameters: undefined,
    dataStart: -1,
    data: undefined,
  }
  for (let key = reader.firstKey(); key !== undefined; key = reader.nextKey()) {
    switch (key) {
      case 'name':
        members.name = readText(reader, violations, [...loc, key])
        break
      case 'shape':
        members.shape = readShape(reader, violations, [...loc, key])
        members.data = undefined
        break
      case 'datatype':
        members.datatype = readDatatype(reader, violations, [...loc, key])
        members.data = undefined
        break
      case 'parameters':
        members.parameters = readParameters(reader, violations, [...loc, key])
        break
      case 'data':
        members.dataStart = reader.peek() === LOWER_N ? -1 : reader.position
        members.data = violations.isEmpty ? readData(reader, members) : undefined
        if (members.data === undefined) skipValue(reader)
        break
      default:
        skipValue(reader)
    }
  }
  return members
}

/** Reads the elements at the cursor if all that they depend on is known. */
function readData(
  reader: JsonReader,
  { name, datatype, shape, dataStart }: TensorMembers,
): TensorData | undefined {
  if (name === undefined || datatype === undefined || shape === undefined || dataStart < 0) return undefined
  return readTensorData(reader, name, datatype, shape)
}

function readDatatype(reader: JsonReader, violations: SchemaViolations, loc: Location): Datatype {
  const start = reader.position
  const isText = reader.peek() === QUOTE
  const datatype = isText ? reader.readString() : undefined
  if (isDatatype(datatype)) return datatype
  if (!isText) skipValue(reader)
  violations.unknownDatatype(loc, start)
  return 'BYTES'
}
