import { isUtf8 } from 'node:buffer'
import type { TensorSpec } from '../../contract/index.ts'
import { ServingError } from '../../errors/index.ts'
import type { InferenceRequest, RequestedOutput } from '../../model/index.ts'
import type { Parameters, Tensor } from '../../tensor/index.ts'
import { LOWER_N, OPEN_BRACE, OPEN_BRACKET } from './ascii.ts'
import { BinaryChunks } from './binary-chunks.ts'
import { requireBoolean } from './binary-outputs.ts'
import { JsonReader } from './json-reader.ts'
import { readParameters, readText } from './members-reader.ts'
import { readRawRequest } from './raw-request.ts'
import { readRequestedOutputs } from './requested-outputs-reader.ts'
import { missingBody, SchemaViolations } from './schema-violations.ts'
import { readTensor } from './tensor-reader.ts'
import { skipValue } from './value-reader.ts'

export interface ParseInferRequestOptions {
  readonly modelName: string
  readonly modelVersion?: string | undefined
  /**
   * The header `Inference-Header-Content-Length`: how many bytes of the body are JSON, with binary
   * chunks behind them. 0 is a raw binary request. Absent: all of it is JSON.
   */
  readonly jsonLength?: number | undefined
  /** What the model declares as its inputs; a raw binary request has its name and shape from there. */
  readonly rawInput?: readonly TensorSpec[] | undefined
}

/**
 * Reads the body of an inference request: JSON, JSON with binary chunks, or raw binary. Tensors are
 * views on `body` wherever their bytes are in it and aligned, so it must not change while they live.
 *
 * The grammar is RFC 8259 without exceptions. A member that is given twice counts as it stands the
 * last time, but the earlier one must be sound too.
 *
 * @throws ServingError INVALID_ARGUMENT. With `violations` when the body is not JSON or not an
 * inference request; without when elements, counts or sizes are wrong.
 */
export function parseInferRequest(body: Uint8Array, options: ParseInferRequestOptions): InferenceRequest {
  const { modelName, modelVersion, jsonLength } = options
  if (jsonLength === 0) return readRawRequest(body, modelName, modelVersion, options.rawInput ?? [])
  if (jsonLength === undefined) return readRequest(body, null, modelName, modelVersion)
  if (!Number.isInteger(jsonLength) || jsonLength < 0 || jsonLength > body.length) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `Inference-Header-Content-Length is ${jsonLength}; it must be an integer from 0 to the ${body.length} bytes of the body`,
    )
  }
  const chunks = new BinaryChunks(body.subarray(jsonLength))
  const request = readRequest(body.subarray(0, jsonLength), chunks, modelName, modelVersion)
  chunks.finish()
  return request
}

function readRequest(
  json: Uint8Array,
  chunks: BinaryChunks | null,
  modelName: string,
  modelVersion: string | undefined,
): InferenceRequest {
  if (json.length === 0) throw missingBody()
  const reader = new JsonReader(json)
  if (!isUtf8(json)) reader.fail('the text is not UTF-8', firstBrokenByte(json))
  const violations = new SchemaViolations(reader)

  let id: string | undefined
  let parameters: Parameters | undefined
  let inputs: readonly Tensor[] | undefined
  let outputs: readonly RequestedOutput[] | undefined
  const first = reader.next()
  const start = reader.position
  if (first === OPEN_BRACE) {
    for (let key = reader.firstKey(); key !== undefined; key = reader.nextKey()) {
      switch (key) {
        case 'id':
          id = readId(reader, violations)
          break
        case 'parameters':
          parameters = readParameters(reader, violations, [key])
          break
        case 'inputs':
          inputs = readInputs(reader, violations, chunks)
          break
        case 'outputs':
          outputs = readRequestedOutputs(reader, violations)
          break
        default:
          skipValue(reader)
      }
    }
    if (inputs === undefined) violations.missing(['inputs'], start)
  } else {
    skipValue(reader)
    violations.wrongType('object', [], start)
  }
  if (reader.next() !== -1) reader.fail('something follows the value')
  violations.throwIfAny()
  requireBoolean(parameters, 'binary_data_output', 'the request')
  return { modelName, modelVersion, id, parameters, inputs: inputs!, outputs }
}

function readId(reader: JsonReader, violations: SchemaViolations): string | undefined {
  if (reader.peek() !== LOWER_N) return readText(reader, violations, ['id'])
  reader.readLiteral('null')
  return undefined
}

function readInputs(
  reader: JsonReader,
  violations: SchemaViolations,
  chunks: BinaryChunks | null,
): readonly Tensor[] {
  const inputs: Tensor[] = []
  const start = reader.position
  if (reader.peek() !== OPEN_BRACKET) {
    skipValue(reader)
    violations.wrongType('list', ['inputs'], start)
    return inputs
  }
  chunks?.rewind()
  for (let isItem = reader.firstItem(), index = 0; isItem; isItem = reader.nextItem(), index++) {
    const input = readTensor(reader, violations, ['inputs', index], chunks)
    if (input !== undefined) inputs.push(input)
  }
  return inputs
}

/** Where decoding and encoding again first makes a difference. */
function firstBrokenByte(bytes: Uint8Array): number {
  const repaired = Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))
  return bytes.findIndex((byte, index) => byte !== repaired[index])
}
