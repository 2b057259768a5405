import { type InferenceRequest, ServingError, type Tensor, type TensorSpec } from '@millrace/sdk'
import type { Tensor as OrtTensor } from 'onnxruntime-node'
import type { Port } from './graph-plan.ts'
import { fromOrtTensor, narrowBfloat16, toOrtTensor, widenBfloat16 } from './tensor-types.ts'

/** An input as it is published, with how it is asked of ONNX Runtime. */
export type InputPort = readonly [TensorSpec, Port]

/**
 * What ONNX Runtime is fed for a request, by its own names.
 * @throws ServingError INVALID_ARGUMENT for an input that is missing or has another datatype, which only models that are
 * served with `enforceContract: false` see, and for text that ONNX Runtime does not take
 */
export function feedsOf(
  { inputs }: Pick<InferenceRequest, 'inputs'>,
  ports: readonly InputPort[],
): Record<string, OrtTensor> {
  const feeds: Record<string, OrtTensor> = {}
  for (const [spec, port] of ports) feeds[port.sessionName] = feedOf(inputs, spec, port)
  return feeds
}

function feedOf(inputs: readonly Tensor[], { name, datatype }: TensorSpec, port: Port): OrtTensor {
  const tensor = inputs.find(input => input.name === name) ?? port.defaultValue
  if (tensor === undefined) throw new ServingError('INVALID_ARGUMENT', `input '${name}' is missing`)
  if (tensor.datatype !== datatype) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `input '${name}' has datatype ${tensor.datatype}; expected ${datatype}`,
    )
  }
  return tensor.datatype === 'BF16' ? widenBfloat16(tensor) : toOrtTensor(tensor)
}

/** A result as it is served. */
export function outputOf({ name, isBfloat16 }: Port, result: OrtTensor): Tensor {
  return isBfloat16 ? narrowBfloat16(name, result) : fromOrtTensor(name, result)
}
