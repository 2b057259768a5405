import type { InferenceResponse } from '../../model/index.ts'
import { type ParametersDraft, readParameter } from './parameters-reader.ts'
import {
  addWithinLimit,
  completeTensors,
  type MessageWords,
  readTensorHead,
  type TensorHead,
} from './tensor-reader.ts'
import { WireReader } from './wire-reader.ts'

const WORDS: MessageWords = { tensors: 'outputs', rawContents: 'raw_output_contents' }

/**
 * Reads an `inference.ModelInferResponse` in either form. Tensors are views on `message` where they
 * lie aligned in memory. An empty version or id is undefined.
 * @throws ServingError INVALID_ARGUMENT, and nothing else, whatever the bytes are
 */
export function decodeInferResponse(message: Uint8Array): InferenceResponse {
  const reader = new WireReader(message)
  let modelName = ''
  let modelVersion = ''
  let id = ''
  let parameters: ParametersDraft
  const heads: TensorHead[] = []
  const rawContents: Uint8Array[] = []
  while (reader.offset < reader.limit) {
    const tag = reader.tag()
    switch (tag) {
      case 0x0a:
        modelName = reader.name()
        break
      case 0x12:
        modelVersion = reader.name()
        break
      case 0x1a:
        id = reader.text()
        break
      case 0x22:
        parameters = readParameter(reader, parameters)
        break
      case 0x2a:
        addWithinLimit(heads, readTensorHead(reader), 'outputs')
        break
      case 0x32:
        addWithinLimit(rawContents, reader.view(), 'raw_output_contents')
        break
      default:
        reader.skip(tag)
    }
  }
  return {
    modelName,
    modelVersion: modelVersion === '' ? undefined : modelVersion,
    id: id === '' ? undefined : id,
    parameters,
    outputs: completeTensors(reader, heads, rawContents, WORDS),
  }
}
