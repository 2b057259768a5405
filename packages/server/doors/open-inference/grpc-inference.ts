import { fromBinary } from '@bufbuild/protobuf'
import { type InferenceRequest, ServingError } from '@millrace/sdk'
import {
  type DecodedInferRequest,
  decodeInferRequest,
  encodeInferResponse,
  encodeStreamError,
  encodeStreamResponse,
  inference,
  inferPayloadOffset,
} from '@millrace/sdk/protocol'
import { type Call, type CheckedHeaders, type DataPlane, GrpcCallView } from '../../dataplane/index.ts'
import type { GrpcCall, GrpcMessage, GrpcStreamMethod, GrpcUnaryMethod } from '../../transport/index.ts'
import { meshRefusal } from './mesh-refusal.ts'

/**
 * The two meanings of `ModelStreamInfer` under one name. Triton: independent requests, answers in a
 * wrapper message with errors in-band. MLServer: one model call fed by all requests, plain answers.
 */
export type StreamShape = 'triton' | 'mlserver'

/** Request metadata by which a client says which shape it speaks. */
const STREAM_SHAPE_HEADER = 'x-millrace-stream-shape'

export function modelInferMethod(dataPlane: DataPlane): GrpcUnaryMethod {
  return {
    kind: 'unary',
    alignAt: inferPayloadOffset,
    // Models copy what must outlive the request (see `Tensor`), and the response cache does.
    isRequestDone: true,
    async handle(message, grpc) {
      const { request, isRaw } = decodeInferRequest(message)
      try {
        // Answered in the form that was asked in: stock clients read only that one.
        return encodeInferResponse(await dataPlane.infer(request, toCall(grpc)), isRaw)
      } catch (error) {
        throw meshRefusal(error, grpc, () => dataPlane.isModelLoaded(request.modelName))
      }
    },
  }
}

/**
 * @param setting which shape clients get that do not say; `auto` takes raw tensor contents for
 * Triton's, whose client sends nothing else, and typed contents for MLServer's
 */
export function modelStreamInferMethod(
  dataPlane: DataPlane,
  setting: StreamShape | 'auto',
): GrpcStreamMethod {
  return {
    kind: 'stream',
    alignAt: inferPayloadOffset,
    async *handle(messages, grpc) {
      const asked = shapeAskedFor(grpc.headers) ?? (setting === 'auto' ? undefined : setting)
      const decoded = decodeAll(messages)[Symbol.asyncIterator]()
      const first = await decoded.next()
      if (first.done === true) {
        // No requests, no answers: only a call to one model is nothing without a first request.
        if (asked === 'triton') return
        throw new ServingError('INVALID_ARGUMENT', 'the stream ended without a request')
      }
      const requests = prepend(first.value, decoded)
      yield* (asked ?? shapeOf(first.value)) === 'triton'
        ? answerEach(dataPlane, requests, grpc)
        : answerTogether(dataPlane, requests, grpc)
    },
  }
}

type Decoded = DecodedInferRequest | { readonly error: ServingError; readonly message: Uint8Array }

/** A message that cannot be read becomes a value: one shape answers it in-band, the other ends the stream. */
async function* decodeAll(messages: AsyncIterable<Uint8Array>): AsyncIterable<Decoded> {
  for await (const message of messages) {
    try {
      yield decodeInferRequest(message)
    } catch (error) {
      yield { error: ServingError.from(error, 'the message could not be read'), message }
    }
  }
}

async function* prepend<T>(first: T, rest: AsyncIterator<T>): AsyncIterable<T> {
  try {
    yield first
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}

function shapeAskedFor(headers: GrpcCall['headers']): StreamShape | undefined {
  const asked = headers[STREAM_SHAPE_HEADER]
  if (asked === undefined || asked === 'triton' || asked === 'mlserver') return asked
  throw new ServingError(
    'INVALID_ARGUMENT',
    `metadata ${STREAM_SHAPE_HEADER} is '${asked}'; it must be triton or mlserver`,
  )
}

function shapeOf(first: Decoded): StreamShape {
  return ('error' in first ? hasRawContents(first.message) : first.isRaw) ? 'triton' : 'mlserver'
}

/** Also of a message whose tensors are wrong. The sender of what is no such message gets a status. */
function hasRawContents(message: Uint8Array): boolean {
  try {
    return fromBinary(inference.ModelInferRequestSchema, message).rawInputContents.length > 0
  } catch {
    return false
  }
}

/** Triton's shape: each request is a stream of its own; one that fails does not end the others. */
async function* answerEach(
  dataPlane: DataPlane,
  requests: AsyncIterable<Decoded>,
  grpc: GrpcCall,
): AsyncIterable<GrpcMessage> {
  for await (const decoded of requests) {
    if ('error' in decoded) {
      yield encodeStreamError(decoded.error.message)
      continue
    }
    const { request, isRaw } = decoded
    try {
      for await (const response of dataPlane.inferStream(targetOf(request), only(request), toCall(grpc))) {
        yield encodeStreamResponse(response, isRaw)
      }
    } catch (error) {
      const { message } = ServingError.from(error, "unexpected error; the server's log has it")
      yield encodeStreamError(message, request.id)
    }
    if (wantsFinalResponse(request)) yield encodeStreamResponse(finalResponse(request), isRaw)
  }
}

/** MLServer's shape: the first request names the model, the rest is fed to the same call. */
async function* answerTogether(
  dataPlane: DataPlane,
  requests: AsyncIterable<Decoded>,
  grpc: GrpcCall,
): AsyncIterable<GrpcMessage> {
  const iterator = requests[Symbol.asyncIterator]()
  const first = readable((await iterator.next()).value as Decoded)
  const all = (async function* () {
    for await (const decoded of prepend<Decoded>(first, iterator)) {
      yield { ...readable(decoded).request, id: first.request.id }
    }
  })()
  for await (const response of dataPlane.inferStream(targetOf(first.request), all, toCall(grpc))) {
    yield encodeInferResponse(response, first.isRaw)
  }
}

function readable(decoded: Decoded): DecodedInferRequest {
  if ('error' in decoded) throw decoded.error
  return decoded
}

async function* only<T>(value: T): AsyncIterable<T> {
  yield value
}

function targetOf({ modelName, modelVersion }: InferenceRequest) {
  return { modelName, modelVersion }
}

function wantsFinalResponse(request: InferenceRequest): boolean {
  return request.parameters?.['triton_enable_empty_final_response'] === true
}

function finalResponse({ modelName, modelVersion, id }: InferenceRequest) {
  return { modelName, modelVersion, id, parameters: { triton_final_response: true }, outputs: [] }
}

function toCall(grpc: GrpcCall): Call {
  return new DescribedCall(grpc)
}

/** Stock clients of the protocol are told what CloudEvents say of the answer. */
class DescribedCall extends GrpcCallView {
  addHeaders(headers: CheckedHeaders): void {
    this.grpc.addTrailers(headers)
  }
}
