import type { TensorSpec } from '../contract/index.ts'
import { ServingError } from '../errors/index.ts'
import type { Parameters, Tensor } from '../tensor/index.ts'
import { codecFor, findCodec, findRequestCodec, requestCodecFor } from './codec-registry.ts'
import { areOfOneKind, assertOneKind } from './content-type-kind.ts'
import { contentTypeParameter } from './content-type-parameter.ts'
import type { ReadTensor, RequestCodec, TensorSide } from './request-codec.ts'
import type { TensorCodec } from './tensor-codec.ts'

/*
 * Which content type counts, first to last: what the client says, what the model's metadata say, the
 * caller's default.
 *
 * A content type that nobody registered: without a default the tensor or the message stays as it is, so
 * that a model can make sense of it itself (MLServer does the same). With a default the caller has
 * declared what it reads, and an unknown content type is INVALID_ARGUMENT naming the known ones. What
 * another than the default decides must be of its kind, so that the type of the answer is true.
 */

/** What the model says about its messages; its settings have it. */
export interface MessageMetadata {
  /** The content type of whole requests. */
  readonly contentType?: string | undefined
  readonly inputs: readonly TensorSpec[]
}

interface RequestMessage {
  readonly inputs: readonly Tensor[]
  readonly parameters?: Parameters | undefined
}

interface ResponseMessage {
  readonly outputs: readonly Tensor[]
  readonly parameters?: Parameters | undefined
}

/**
 * The value of one input: by its own content type, else by that of its field, else by the default, else
 * the tensor itself.
 * @param spec the field of the same name in the model's metadata
 * @throws ServingError INVALID_ARGUMENT when it cannot be read; FAILED_PRECONDITION when the metadata and
 * the default contradict each other
 */
export function decodeInput(tensor: Tensor, spec?: TensorSpec): unknown
export function decodeInput<T, E>(
  tensor: Tensor,
  spec: TensorSpec | undefined,
  defaultCodec: TensorCodec<T, E>,
): T
export function decodeInput(
  tensor: Tensor,
  spec: TensorSpec | undefined,
  defaultCodec: TensorCodec<unknown> | undefined,
): unknown
export function decodeInput(tensor: Tensor, spec?: TensorSpec, defaultCodec?: TensorCodec<unknown>): unknown {
  return readTensor(tensor, spec, 'input', defaultCodec).value
}

/**
 * The value of a whole request: every input is read as {@link decodeInput} does, then together by the
 * request's content type, else by the model's, else by the default; without any the request itself.
 * @throws ServingError like {@link decodeInput}
 */
export function decodeRequest(request: RequestMessage, metadata?: MessageMetadata): unknown
export function decodeRequest<T, E>(
  request: RequestMessage,
  metadata: MessageMetadata | undefined,
  defaultCodec: RequestCodec<T, E>,
): T
export function decodeRequest(
  request: RequestMessage,
  metadata: MessageMetadata | undefined,
  defaultCodec: RequestCodec<unknown> | undefined,
): unknown
export function decodeRequest(
  request: RequestMessage,
  metadata: MessageMetadata = { inputs: [] },
  defaultCodec?: RequestCodec<unknown>,
): unknown {
  const codec = chooseRequestCodec(request.parameters, metadata.contentType, 'request', defaultCodec)
  return codec === undefined ? request : decodeTogether(codec, request.inputs, metadata.inputs, 'input')
}

/**
 * The value of a whole response, as a client reads it: by the response's content type, else by the
 * default; without one the response itself.
 * @throws ServingError like {@link decodeInput}
 */
export function decodeResponse(response: ResponseMessage): unknown
export function decodeResponse<T, E>(response: ResponseMessage, defaultCodec: RequestCodec<T, E>): T
export function decodeResponse(response: ResponseMessage, defaultCodec?: RequestCodec<unknown>): unknown {
  const codec = chooseRequestCodec(response.parameters, undefined, 'response', defaultCodec)
  return codec === undefined ? response : decodeTogether(codec, response.outputs, [], 'output')
}

function decodeTogether(
  codec: RequestCodec<unknown>,
  tensors: readonly Tensor[],
  specs: readonly TensorSpec[],
  side: TensorSide,
): unknown {
  const read = tensors.map(tensor => {
    const spec = specs.find(candidate => candidate.name === tensor.name)
    const owner = `${side} '${tensor.name}'`
    const given = contentTypeParameter(tensor.parameters, owner)
    // Somebody has declared what the message is, so nothing in it may pass for something else.
    if (given !== undefined) codecFor(given, owner)
    return readTensor(tensor, spec, side)
  })
  return codec.decode(read, side)
}

function readTensor(
  tensor: Tensor,
  spec: TensorSpec | undefined,
  side: TensorSide,
  defaultCodec?: TensorCodec<unknown>,
): ReadTensor {
  const owner = `${side} '${tensor.name}'`
  const given = contentTypeParameter(tensor.parameters, owner)
  const codec = choose({ given, declared: spec?.contentType, owner, defaultCodec }, findCodec, contentType =>
    codecFor(contentType, owner),
  )
  return { tensor, codec, value: codec === undefined ? tensor : codec.decode(tensor) }
}

function chooseRequestCodec(
  parameters: Parameters | undefined,
  declared: string | undefined,
  side: 'request' | 'response',
  defaultCodec: RequestCodec<unknown> | undefined,
): RequestCodec<unknown> | undefined {
  const owner = `the ${side}`
  const given = contentTypeParameter(parameters, owner)
  return choose({ given, declared, owner, defaultCodec }, findRequestCodec, contentType =>
    requestCodecFor(contentType, owner),
  )
}

interface Choice<C> {
  readonly given: string | undefined
  readonly declared: string | undefined
  readonly owner: string
  readonly defaultCodec: C | undefined
}

function choose<C extends { readonly contentType: string; readonly sameValuesAs?: string }>(
  { given, declared, owner, defaultCodec }: Choice<C>,
  find: (contentType: string) => C | undefined,
  get: (contentType: string) => C,
): C | undefined {
  const contentType = given ?? declared
  if (contentType === undefined || contentType === defaultCodec?.contentType) return defaultCodec
  if (defaultCodec === undefined) return find(contentType)
  if (given === undefined) {
    const codec = find(contentType)
    if (codec !== undefined && areOfOneKind(codec, defaultCodec)) return codec
    // The client can do nothing about it: the model's author or operator has to.
    throw new ServingError(
      'FAILED_PRECONDITION',
      `${owner} has content type '${contentType}' in the model's metadata; the model reads it as '${defaultCodec.contentType}'`,
    )
  }
  const codec = get(contentType)
  assertOneKind(codec, defaultCodec, owner, 'the model')
  return codec
}
