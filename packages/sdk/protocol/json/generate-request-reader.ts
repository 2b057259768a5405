import { isUtf8 } from 'node:buffer'
import type { Parameters, ParameterValue } from '../../tensor/index.ts'
import { LOWER_N, OPEN_BRACE } from './ascii.ts'
import { JsonReader } from './json-reader.ts'
import { readParameters, readText } from './members-reader.ts'
import { SchemaViolations } from './schema-violations.ts'
import { readValue } from './value-reader.ts'

/** The body of Triton's generate extension: a flat object of inputs and request parameters. */
export interface GenerateRequest {
  readonly id: string | undefined
  /** All members but `id` and `parameters`: which of them are inputs, the model knows. */
  readonly members: ReadonlyMap<string, ParameterValue>
  readonly parameters: Parameters | undefined
}

const TEXT_INPUT = 'text_input'
const TEXT_INPUT_BYTES = Buffer.from(`"${TEXT_INPUT}"`)

/**
 * Reads a body of the generate extension: an object with `text_input` and without `inputs`. `null` for
 * any other, which is an inference request or nothing; `parseInferRequest` tells.
 * @throws ServingError INVALID_ARGUMENT with `violations` when it is not JSON, or `id` or `parameters` are wrong
 */
export function parseGenerateRequest(body: Uint8Array): GenerateRequest | null {
  // Most bodies are inference requests, and are not worth a second reading.
  if (Buffer.from(body.buffer, body.byteOffset, body.length).indexOf(TEXT_INPUT_BYTES) === -1) return null
  if (!isUtf8(body)) return null
  const reader = new JsonReader(body)
  if (reader.next() !== OPEN_BRACE) return null
  const violations = new SchemaViolations(reader)
  const members = new Map<string, ParameterValue>()
  let id: string | undefined
  let parameters: Parameters | undefined
  for (let key = reader.firstKey(); key !== undefined; key = reader.nextKey()) {
    if (key === 'inputs') return null
    if (key === 'parameters') parameters = readParameters(reader, violations, [key])
    else if (key !== 'id') members.set(key, readValue(reader))
    else if (reader.peek() === LOWER_N) reader.readLiteral('null')
    else id = readText(reader, violations, [key])
  }
  if (!members.has(TEXT_INPUT)) return null
  if (reader.next() !== -1) reader.fail('something follows the value')
  violations.throwIfAny()
  return { id, members, parameters }
}
