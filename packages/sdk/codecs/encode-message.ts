import type { TensorSpec } from '../contract/index.ts'
import { ServingError } from '../errors/index.ts'
import { describeValue, type Parameters, type Tensor } from '../tensor/index.ts'
import { codecFor, findCodec, recogniseCodec, recogniseRequestCodec } from './codec-registry.ts'
import { contentTypeParameter } from './content-type-parameter.ts'
import { encodeForSpec } from './field-codec.ts'
import type { RequestCodec } from './request-codec.ts'
import type { TensorCodec } from './tensor-codec.ts'

/** An output that the client asked for, with what it says about it. */
interface OutputRequest {
  readonly parameters?: Parameters | undefined
}

/** What decides how an output is written, besides its value. */
export interface OutputChoice {
  /** As the client asked for it. */
  readonly requested?: OutputRequest | undefined
  /** The field of the same name in the model's metadata. */
  readonly spec?: TensorSpec | undefined
  readonly defaultCodec?: TensorCodec<unknown> | undefined
}

/**
 * The tensor of a value: by the content type that the client asked for, else by that of its field, else
 * by the first codec that recognises the value, else by the default. The field gives datatype and shape
 * to values that have none.
 * @throws ServingError INVALID_ARGUMENT when there is no codec, or it cannot write the value
 */
export function encodeOutput(
  name: string,
  value: unknown,
  { requested, spec, defaultCodec }: OutputChoice = {},
): Tensor {
  const codec = outputCodec(name, value, requested, spec) ?? defaultCodec
  if (codec === undefined) {
    // The first words are MLServer's, which its clients look for.
    throw invalid(
      `Codec not found for output field with name '${name}': it is ${describeValue(value)}, so a content type must be named`,
    )
  }
  if (!codec.canEncode(value)) {
    throw invalid(
      `output '${name}' is ${describeValue(value)}, which content type '${codec.contentType}' cannot write`,
    )
  }
  return encodeForSpec(codec, name, value, spec)
}

function outputCodec(
  name: string,
  value: unknown,
  requested: OutputRequest | undefined,
  spec: TensorSpec | undefined,
): TensorCodec<unknown> | undefined {
  const given = contentTypeParameter(requested?.parameters, `output '${name}'`)
  if (given !== undefined) return codecFor(given, `output '${name}'`)
  // Metadata written for another server may name what is not known here.
  const declared = spec?.contentType === undefined ? undefined : findCodec(spec.contentType)
  return declared ?? recogniseCodec(value)
}

/** Tensors with the content type that says what they are together. */
interface Encoded {
  readonly tensors: readonly Tensor[]
  readonly parameters: Parameters
}

/**
 * The inputs and parameters of a request that carries a value, for a client to send.
 * @param codec default: the first that recognises the value
 * @throws ServingError INVALID_ARGUMENT when there is no codec, or it cannot write the value
 */
export function encodeRequest<E>(
  value: E,
  codec?: RequestCodec<unknown, E>,
): { readonly inputs: readonly Tensor[]; readonly parameters: Parameters } {
  const chosen = codec ?? recogniseRequestCodec(value)
  const { tensors, parameters } = encodeTogether(value, chosen, 'input')
  return { inputs: tensors, parameters }
}

/**
 * The outputs and parameters of a response that carries a value.
 * @param defaultCodec used when no codec recognises the value
 * @throws ServingError INVALID_ARGUMENT when there is no codec, or it cannot write the value
 */
export function encodeResponse(
  value: unknown,
  defaultCodec?: RequestCodec<unknown>,
): { readonly outputs: readonly Tensor[]; readonly parameters: Parameters } {
  const chosen = recogniseRequestCodec(value) ?? defaultCodec
  const { tensors, parameters } = encodeTogether(value, chosen, 'output')
  return { outputs: tensors, parameters }
}

function encodeTogether(
  value: unknown,
  codec: RequestCodec<unknown> | undefined,
  side: 'input' | 'output',
): Encoded {
  const message = side === 'input' ? 'request' : 'response'
  if (codec === undefined) {
    throw invalid(
      `Codec not found for a ${message} of ${describeValue(value)}: a DataFrame, an NdArray, numbers or text in lists, or an object of NdArrays has one`,
    )
  }
  if (!codec.canEncode(value)) {
    throw invalid(
      `the ${message} is ${describeValue(value)}, which content type '${codec.contentType}' cannot write`,
    )
  }
  return { tensors: codec.encode(value, side), parameters: { content_type: codec.contentType } }
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
