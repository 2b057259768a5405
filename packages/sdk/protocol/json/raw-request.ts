import { inferShape, type TensorSpec } from '../../contract/index.ts'
import { ServingError } from '../../errors/index.ts'
import type { InferenceRequest } from '../../model/index.ts'
import {
  BytesArray,
  ELEMENT_SIZE_BYTES,
  formatShape,
  type Shape,
  type Tensor,
  tensorFromBytes,
} from '../../tensor/index.ts'

/**
 * Reads a raw binary request: no JSON, the whole body is the data of the model's only input, and
 * every output goes back as binary.
 * @param inputs what the model declares
 */
export function readRawRequest(
  body: Uint8Array,
  modelName: string,
  modelVersion: string | undefined,
  inputs: readonly TensorSpec[],
): InferenceRequest {
  const [input] = inputs
  if (input === undefined || inputs.length > 1) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `a raw binary request (Inference-Header-Content-Length: 0) needs a model with exactly one declared input; ${modelName} declares ${inputs.length}`,
    )
  }
  return {
    modelName,
    modelVersion,
    id: undefined,
    parameters: { binary_data_output: true },
    inputs: [input.datatype === 'BYTES' ? readText(body, input) : readNumbers(body, input)],
    outputs: undefined,
  }
}

/** The body as one element, without a length before it. */
function readText(body: Uint8Array, { name, datatype, shape: pattern }: TensorSpec): Tensor {
  const shape = inferShape(pattern.map(oneForFree), 1, name)
  return { name, datatype, shape, data: BytesArray.from([body]), parameters: undefined } as Tensor
}

function readNumbers(body: Uint8Array, { name, datatype, shape: pattern }: TensorSpec): Tensor {
  // A second free dimension leaves the first to be the batch, which is 1.
  const isBatched = pattern[0] === -1 && pattern.indexOf(-1, 1) > 0
  const rest = isBatched ? [1, ...pattern.slice(1)] : pattern
  if (rest.indexOf(-1) !== rest.lastIndexOf(-1)) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `the shape of input '${name}' does not follow from the ${body.length} bytes of a raw binary request: ${formatShape(pattern)} has more than one free dimension besides the batch`,
    )
  }
  const elementBytes = ELEMENT_SIZE_BYTES[datatype]
  if (body.length % elementBytes !== 0) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `input '${name}' takes ${elementBytes} bytes for each ${datatype} element; ${body.length} bytes are not a multiple of that`,
    )
  }
  const shape: Shape = inferShape(rest, body.length / elementBytes, name)
  return tensorFromBytes(name, datatype, shape, body)
}

function oneForFree(extent: number): number {
  return extent === -1 ? 1 : extent
}
