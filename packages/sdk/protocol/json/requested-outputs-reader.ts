import type { RequestedOutput } from '../../model/index.ts'
import type { Parameters } from '../../tensor/index.ts'
import { LOWER_N, OPEN_BRACE, OPEN_BRACKET } from './ascii.ts'
import { requireBoolean } from './binary-outputs.ts'
import type { JsonReader } from './json-reader.ts'
import { readParameters, readText } from './members-reader.ts'
import type { SchemaViolations } from './schema-violations.ts'
import { skipValue } from './value-reader.ts'

/** Reads `outputs`; `null` is the same as none. */
export function readRequestedOutputs(
  reader: JsonReader,
  violations: SchemaViolations,
): readonly RequestedOutput[] | undefined {
  const start = reader.position
  if (reader.peek() !== OPEN_BRACKET) {
    skipValue(reader)
    if (reader.bytes[start] !== LOWER_N) violations.wrongType('list', ['outputs'], start)
    return undefined
  }
  const outputs: RequestedOutput[] = []
  for (let isItem = reader.firstItem(), index = 0; isItem; isItem = reader.nextItem(), index++) {
    const output = readRequestedOutput(reader, violations, index)
    if (output !== undefined) outputs.push(output)
  }
  return outputs
}

function readRequestedOutput(
  reader: JsonReader,
  violations: SchemaViolations,
  index: number,
): RequestedOutput | undefined {
  const loc = ['outputs', index]
  const start = reader.position
  if (reader.peek() !== OPEN_BRACE) {
    skipValue(reader)
    violations.wrongType('object', loc, start)
    return undefined
  }
  let name: string | undefined
  let parameters: Parameters | undefined
  for (let key = reader.firstKey(); key !== undefined; key = reader.nextKey()) {
    if (key === 'name') name = readText(reader, violations, [...loc, key])
    else if (key === 'parameters') parameters = readParameters(reader, violations, [...loc, key])
    else skipValue(reader)
  }
  if (name === undefined) {
    violations.missing([...loc, 'name'], start)
    return undefined
  }
  requireBoolean(parameters, 'binary_data', `output '${name}'`)
  return { name, parameters }
}
