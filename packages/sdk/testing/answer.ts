import { findCodec } from '../codecs/index.ts'
import type { ContractDefinition, TensorSpec } from '../contract/index.ts'
import type { DecodedValues, InferenceResponse } from '../model/index.ts'
import type { Tensor } from '../tensor/index.ts'

/** Decoded outputs by name; typed for a model whose contract is known. */
export type NamedOutputs<C extends ContractDefinition> = string extends keyof C['outputs']
  ? Readonly<Record<string, unknown>>
  : Readonly<DecodedValues<C['outputs']>>

/** One answer of a model, as the server would send it, and its outputs as values. */
export interface Answer<C extends ContractDefinition = ContractDefinition> extends InferenceResponse {
  /** Each output that was asked for, by name: decoded by its content type, else its array. */
  readonly values: NamedOutputs<C>
}

/**
 * Adds the values to a response. The content type is the declared one, else the one that the tensor's
 * own parameters name, as a client would choose it.
 */
export function toAnswer<C extends ContractDefinition>(
  response: InferenceResponse,
  specs: readonly TensorSpec[],
): Answer<C> {
  const values = Object.fromEntries(
    response.outputs.map(tensor => [tensor.name, valueOf(tensor, contentTypeOf(tensor, specs))]),
  )
  // The contract check has seen that these are the outputs that C declares.
  return { ...response, values: values as NamedOutputs<C> }
}

function contentTypeOf(tensor: Tensor, specs: readonly TensorSpec[]): unknown {
  return specs.find(spec => spec.name === tensor.name)?.contentType ?? tensor.parameters?.['content_type']
}

function valueOf(tensor: Tensor, contentType: unknown): unknown {
  const codec = typeof contentType === 'string' ? findCodec(contentType) : undefined
  return codec === undefined ? tensor.data : codec.decode(tensor)
}
