import type { InferenceRequest, RequestedOutput } from '../../model/index.ts'
import { type ParametersDraft, readParameter } from './parameters-reader.ts'
import {
  addWithinLimit,
  completeTensors,
  type MessageWords,
  readTensorHead,
  type TensorHead,
} from './tensor-reader.ts'
import { WireReader } from './wire-reader.ts'

const WORDS: MessageWords = { tensors: 'inputs', rawContents: 'raw_input_contents' }

/** A request, and the form its tensors came in. */
export interface DecodedInferRequest {
  readonly request: InferenceRequest
  /** True if the tensors came as `raw_input_contents`: the answer goes in the form that was asked in. */
  readonly isRaw: boolean
}

/**
 * Reads an `inference.ModelInferRequest`. Tensors are views on `message` where they lie aligned in
 * memory (see `inferPayloadOffset`), so it must not be written to while the request is in use. An empty
 * version or id is undefined. Fields that the message does not have are skipped.
 * @throws ServingError INVALID_ARGUMENT, and nothing else, whatever the bytes are
 */
export function decodeInferRequest(message: Uint8Array): DecodedInferRequest {
  const reader = new WireReader(message)
  let modelName = ''
  let modelVersion = ''
  let id = ''
  let parameters: ParametersDraft
  let outputs: RequestedOutput[] | undefined
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
        addWithinLimit(heads, readTensorHead(reader), 'inputs')
        break
      case 0x32:
        addWithinLimit((outputs ??= []), readRequestedOutput(reader), 'outputs')
        break
      case 0x3a:
        addWithinLimit(rawContents, reader.view(), 'raw_input_contents')
        break
      default:
        reader.skip(tag)
    }
  }
  const request = {
    modelName,
    modelVersion: modelVersion === '' ? undefined : modelVersion,
    id: id === '' ? undefined : id,
    parameters,
    inputs: completeTensors(reader, heads, rawContents, WORDS),
    outputs,
  }
  return { request, isRaw: rawContents.length > 0 }
}

function readRequestedOutput(reader: WireReader): RequestedOutput {
  const outer = reader.enter()
  let name = ''
  let parameters: ParametersDraft
  while (reader.offset < reader.limit) {
    const tag = reader.tag()
    if (tag === 0x0a) name = reader.name()
    else if (tag === 0x12) parameters = readParameter(reader, parameters)
    else reader.skip(tag)
  }
  reader.limit = outer
  return { name, parameters }
}
