import { isUtf8 } from 'node:buffer'
import { ServingError } from '../../errors/index.ts'
import type { InferenceResponse } from '../../model/index.ts'
import type { Parameters, Tensor } from '../../tensor/index.ts'
import { LOWER_N, OPEN_BRACE, OPEN_BRACKET } from './ascii.ts'
import { BinaryChunks } from './binary-chunks.ts'
import { JsonReader } from './json-reader.ts'
import { readParameters, readText } from './members-reader.ts'
import { SchemaViolations } from './schema-violations.ts'
import { readTensor } from './tensor-reader.ts'
import { skipValue } from './value-reader.ts'

export interface ParseInferResponseOptions {
  /**
   * The header `Inference-Header-Content-Length`: how many bytes of the body are JSON, with binary
   * chunks behind them. Absent: all of it is JSON.
   */
  readonly jsonLength?: number | undefined
}

/**
 * Reads the body of an inference response: JSON, or JSON with binary chunks. Integers of 64 bits are
 * exact, `null` among floats is NaN, and members that are `null` count as absent. Tensors are views on
 * `body` wherever their bytes are in it and aligned, so it must not change while they live.
 *
 * @throws ServingError INVALID_ARGUMENT, and nothing else, whatever the bytes are
 */
export function parseInferResponse(
  body: Uint8Array,
  { jsonLength }: ParseInferResponseOptions = {},
): InferenceResponse {
  if (jsonLength === undefined) return readResponse(body, null)
  if (!Number.isInteger(jsonLength) || jsonLength < 0 || jsonLength > body.length) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `Inference-Header-Content-Length is ${jsonLength}; it must be an integer from 0 to the ${body.length} bytes of the body`,
    )
  }
  const chunks = new BinaryChunks(body.subarray(jsonLength), 'output')
  const response = readResponse(body.subarray(0, jsonLength), chunks)
  chunks.finish()
  return response
}

function readResponse(json: Uint8Array, chunks: BinaryChunks | null): InferenceResponse {
  const reader = new JsonReader(json, 'the response body')
  if (!isUtf8(json)) reader.fail('the text is not UTF-8', 0)
  const violations = new SchemaViolations(reader)

  let modelName: string | undefined
  let modelVersion: string | undefined
  let id: string | undefined
  let parameters: Parameters | undefined
  let outputs: readonly Tensor[] | undefined
  const first = reader.next()
  const start = reader.position
  if (first === OPEN_BRACE) {
    for (let key = reader.firstKey(); key !== undefined; key = reader.nextKey()) {
      switch (key) {
        case 'model_name':
          modelName = readOptionalText(reader, violations, key)
          break
        case 'model_version':
          modelVersion = readOptionalText(reader, violations, key)
          break
        case 'id':
          id = readOptionalText(reader, violations, key)
          break
        case 'parameters':
          parameters = readParameters(reader, violations, [key])
          break
        case 'outputs':
          outputs = readOutputs(reader, violations, chunks)
          break
        default:
          skipValue(reader)
      }
    }
    if (outputs === undefined) violations.missing(['outputs'], start)
  } else {
    skipValue(reader)
    violations.wrongType('object', [], start)
  }
  if (reader.next() !== -1) reader.fail('something follows the value')
  violations.throwIfAny()
  return { modelName: modelName ?? '', modelVersion, id, parameters, outputs: outputs! }
}

function readOptionalText(
  reader: JsonReader,
  violations: SchemaViolations,
  member: string,
): string | undefined {
  if (reader.peek() !== LOWER_N) return readText(reader, violations, [member])
  reader.readLiteral('null')
  return undefined
}

function readOutputs(
  reader: JsonReader,
  violations: SchemaViolations,
  chunks: BinaryChunks | null,
): readonly Tensor[] {
  const outputs: Tensor[] = []
  const start = reader.position
  if (reader.peek() !== OPEN_BRACKET) {
    skipValue(reader)
    violations.wrongType('list', ['outputs'], start)
    return outputs
  }
  chunks?.rewind()
  for (let isItem = reader.firstItem(), index = 0; isItem; isItem = reader.nextItem(), index++) {
    const output = readTensor(reader, violations, ['outputs', index], chunks, 'output')
    if (output !== undefined) outputs.push(output)
  }
  return outputs
}
