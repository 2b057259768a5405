import type { InferenceRequest, InferenceResponse } from '../../model/index.ts'
import { dataBytes, type Parameters, type ParameterValue, type Tensor } from '../../tensor/index.ts'
import { CLOSE_BRACE, CLOSE_BRACKET, COMMA } from './ascii.ts'
import { isBinaryOutput } from './binary-outputs.ts'
import { ByteWriter } from './byte-writer.ts'
import { writeTensorData } from './tensor-data-writer.ts'
import { writeObject } from './value-writer.ts'

/** The body of an answer and the headers that go with it. */
export interface SerializedInferResponse {
  /** The body, in order: the JSON part, then the bytes of each binary output, which are not copies. */
  readonly pieces: readonly Uint8Array[]
  /** The value of `Inference-Header-Content-Length`; undefined if no output is binary: no such header then. */
  readonly jsonLength: number | undefined
  readonly contentType: string
}

/**
 * Writes the answer to `request`, which says which outputs go as binary data.
 * @throws ServingError INVALID_ARGUMENT when an output that goes as JSON cannot: BF16, or bytes that are not text
 */
export function serializeInferResponse(
  response: InferenceResponse,
  request: InferenceRequest,
): SerializedInferResponse {
  const chunks: Uint8Array[] = []
  let hasBinary = false
  const writer = new ByteWriter()
  writeResponse(writer, response, output => {
    if (!isBinaryOutput(output.name, request)) return undefined
    hasBinary = true
    const bytes = dataBytes(output.data)
    if (bytes.length > 0) chunks.push(bytes)
    return bytes.length
  })
  const json = writer.finish()
  if (!hasBinary) return { pieces: [json], jsonLength: undefined, contentType: 'application/json' }
  return { pieces: [json, ...chunks], jsonLength: json.length, contentType: 'application/octet-stream' }
}

/**
 * Writes a response as one JSON object without white space, members in MLServer's order.
 * @param binarySize how many bytes an output sends behind the JSON part; undefined if its data is in it
 */
export function writeResponse(
  writer: ByteWriter,
  { modelName, modelVersion, id, parameters, outputs }: InferenceResponse,
  binarySize: (output: Tensor) => number | undefined,
): void {
  writer.ascii('{"model_name":')
  writer.string(modelName)
  if (modelVersion !== undefined) {
    writer.ascii(',"model_version":')
    writer.string(modelVersion)
  }
  if (id !== undefined) {
    writer.ascii(',"id":')
    writer.string(id)
  }
  if (parameters !== undefined) {
    writer.ascii(',"parameters":')
    writeObject(writer, parameters)
  }
  writer.ascii(',"outputs":[')
  for (let index = 0; index < outputs.length; index++) {
    if (index > 0) writer.byte(COMMA)
    writeTensor(writer, outputs[index]!, binarySize(outputs[index]!))
  }
  writer.byte(CLOSE_BRACKET)
  writer.byte(CLOSE_BRACE)
}

/**
 * Writes an object of `outputs` or `inputs`.
 * @param binarySize how many bytes follow behind the JSON part; undefined if the data is to be in it
 */
export function writeTensor(writer: ByteWriter, tensor: Tensor, binarySize: number | undefined): void {
  const { name, shape, datatype, parameters } = tensor
  writer.ascii('{"name":')
  writer.string(name)
  writer.ascii(`,"shape":[${shape.join(',')}],"datatype":"${datatype}"`)
  const shown =
    binarySize === undefined ? withoutSize(parameters) : { ...parameters, binary_data_size: binarySize }
  if (shown !== undefined) {
    writer.ascii(',"parameters":')
    writeObject(writer, shown)
  }
  if (binarySize === undefined) {
    writer.ascii(',"data":[')
    writeTensorData(writer, tensor)
    writer.byte(CLOSE_BRACKET)
  }
  writer.byte(CLOSE_BRACE)
}

/** A model that passes an input on must not announce bytes that do not follow. */
function withoutSize(parameters: Parameters | undefined): Parameters | undefined {
  if (parameters === undefined || !Object.hasOwn(parameters, SIZE)) return parameters
  const { [SIZE]: _, ...rest }: { [name: string]: ParameterValue } = parameters
  return rest
}

const SIZE = 'binary_data_size'
