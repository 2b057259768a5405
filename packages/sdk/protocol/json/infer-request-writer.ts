import { isUtf8 } from 'node:buffer'
import { ServingError } from '../../errors/index.ts'
import type { InferenceRequest } from '../../model/index.ts'
import { BytesArray, dataBytes, type Tensor } from '../../tensor/index.ts'
import { CLOSE_BRACE, CLOSE_BRACKET, COMMA } from './ascii.ts'
import { ByteWriter } from './byte-writer.ts'
import { type SerializedInferResponse, writeTensor } from './infer-response-writer.ts'
import { writeObject } from './value-writer.ts'

export interface SerializeInferRequestOptions {
  /**
   * Whether the inputs go as bytes behind the JSON part, and the outputs are asked for in the same way
   * unless the request says otherwise. Default false.
   */
  readonly isBinary?: boolean | undefined
}

/**
 * Writes the body of an inference request; name and version of the model belong to the path. NaN goes
 * as `null`, which reads back as NaN.
 * @returns pieces in order, the headers that go with them as for a response
 * @throws ServingError INVALID_ARGUMENT for an input that JSON cannot carry: BF16, an infinite number,
 * bytes that are not text. All of them go as binary data.
 */
export function serializeInferRequest(
  request: InferenceRequest,
  { isBinary = false }: SerializeInferRequestOptions = {},
): SerializedInferResponse {
  const { id, parameters, inputs, outputs } = request
  // Before the writer begins: its memory is shared until it has finished.
  if (!isBinary) for (const input of inputs) requireJson(input)
  const chunks: Uint8Array[] = []
  const writer = new ByteWriter()
  writer.ascii('{')
  if (id !== undefined) {
    writer.ascii('"id":')
    writer.string(id)
    writer.byte(COMMA)
  }
  const shown = isBinary ? { binary_data_output: true, ...parameters } : parameters
  if (shown !== undefined) {
    writer.ascii('"parameters":')
    writeObject(writer, shown)
    writer.byte(COMMA)
  }
  writer.ascii('"inputs":[')
  for (const [index, input] of inputs.entries()) {
    if (index > 0) writer.byte(COMMA)
    const bytes = isBinary ? dataBytes(input.data) : undefined
    if (bytes !== undefined && bytes.length > 0) chunks.push(bytes)
    writeTensor(writer, input, bytes?.length)
  }
  writer.byte(CLOSE_BRACKET)
  if (outputs !== undefined) {
    writer.ascii(',"outputs":[')
    for (const [index, { name, parameters: wanted }] of outputs.entries()) {
      if (index > 0) writer.byte(COMMA)
      writeObject(writer, wanted === undefined ? { name } : { name, parameters: wanted })
    }
    writer.byte(CLOSE_BRACKET)
  }
  writer.byte(CLOSE_BRACE)
  const json = writer.finish()
  return isBinary
    ? { pieces: [json, ...chunks], jsonLength: json.length, contentType: 'application/octet-stream' }
    : { pieces: [json], jsonLength: undefined, contentType: 'application/json' }
}

function requireJson({ name, datatype, data }: Tensor): void {
  if (datatype === 'BF16') {
    throw invalid(
      `input '${name}' has datatype BF16, which JSON numbers cannot carry: send it as binary data`,
    )
  }
  if (BytesArray.is(data)) {
    let index = 0
    for (const element of data) {
      if (!isUtf8(element)) {
        throw invalid(
          `input '${name}', element ${index} is not valid UTF-8 text, which JSON needs: send it as binary data`,
        )
      }
      index++
    }
    return
  }
  if (datatype !== 'FP16' && datatype !== 'FP32' && datatype !== 'FP64') return
  for (const [index, value] of data.entries()) {
    if (!Number.isFinite(value) && !Number.isNaN(value)) {
      throw invalid(
        `input '${name}', element ${index} is ${value}, which JSON numbers cannot carry: send it as binary data`,
      )
    }
  }
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
