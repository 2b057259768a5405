import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import type { Client, CallOptions as GrpcCallOptions, Metadata } from '@grpc/grpc-js'
import { ServingError } from '../errors/index.ts'
import type { InferenceRequest, InferenceResponse } from '../model/index.ts'
import { decodeInferResponse, encodeInferRequest, inference } from '../protocol/index.ts'
import { createGrpcChannels, type GrpcChannels } from './grpc-channels.ts'
import { grpcRefusal } from './grpc-refusal.ts'
import { decodeStreamAnswer } from './grpc-stream-answer.ts'
import {
  type CallOptions,
  type ClientOptions,
  DEFAULT_MAX_RESPONSE_BYTES,
  DEFAULT_TIMEOUT_MS,
  type InferenceClient,
  type ModelMetadata,
  type ModelTarget,
} from './inference-client.ts'
import { readMetadata } from './metadata-view.ts'
import { type RunningCall, startCall } from './running-call.ts'
import { understood } from './understood-answer.ts'

const SERVICE = '/inference.GRPCInferenceService'

export interface GrpcClientOptions extends ClientOptions {
  /** Where the server is, e.g. `127.0.0.1:8081`. With `tls`, even if it is empty, over TLS. */
  readonly target: string
  /** Connections, each of which carries many calls at a time. Default 1. */
  readonly maxConnections?: number | undefined
}

/**
 * A client of the protocol's gRPC form. Tensors travel raw. The gRPC library is loaded with the first call.
 * @throws ServingError INVALID_ARGUMENT for a target or number that cannot be
 */
export function createGrpcClient(options: GrpcClientOptions): InferenceClient {
  return new GrpcClient(options)
}

class GrpcClient implements InferenceClient {
  readonly #options: GrpcClientOptions
  readonly #channels: GrpcChannels
  #isClosed = false

  constructor(options: GrpcClientOptions) {
    const { target, maxConnections = 1, maxResponseBytes = DEFAULT_MAX_RESPONSE_BYTES } = options
    if (target === '' || /^https?:/.test(target)) {
      throw new ServingError('INVALID_ARGUMENT', `target is '${target}'; expected HOST:PORT`)
    }
    if (!Number.isInteger(maxConnections) || maxConnections < 1) {
      throw new ServingError('INVALID_ARGUMENT', `maxConnections is ${maxConnections}; it must be at least 1`)
    }
    this.#options = options
    this.#channels = createGrpcChannels(target, options.tls, maxConnections, maxResponseBytes)
  }

  readonly infer = (request: InferenceRequest, options: CallOptions = {}): Promise<InferenceResponse> =>
    this.#run(options, async call => {
      const message = concat(encodeInferRequest(request, true))
      const answer = await this.#unary('ModelInfer', message, options, call)
      return understood(() => decodeInferResponse(answer))
    })

  readonly inferStream = (request: InferenceRequest, options: CallOptions = {}) =>
    this.#stream(request, options)

  readonly modelMetadata = (target: ModelTarget, options: CallOptions = {}): Promise<ModelMetadata> =>
    this.#run(options, async call => {
      const init = { name: target.modelName, version: target.modelVersion ?? '' }
      const message = encode(inference.ModelMetadataRequestSchema, init)
      const answer = await this.#unary('ModelMetadata', message, options, call)
      const view = understood(() => fromBinary(inference.ModelMetadataResponseSchema, answer))
      return readMetadata({ ...view, inputs: view.inputs.map(plain), outputs: view.outputs.map(plain) })
    })

  readonly isReady = (target?: ModelTarget, options: CallOptions = {}): Promise<boolean> =>
    this.#run(options, async call => {
      if (target === undefined) {
        const answer = await this.#unary('ServerReady', new Uint8Array(), options, call)
        return understood(() => fromBinary(inference.ServerReadyResponseSchema, answer).ready)
      }
      const init = { name: target.modelName, version: target.modelVersion ?? '' }
      const message = encode(inference.ModelReadyRequestSchema, init)
      const answer = await this.#unary('ModelReady', message, options, call)
      return understood(() => fromBinary(inference.ModelReadyResponseSchema, answer).ready)
    })

  readonly close = async (): Promise<void> => {
    this.#isClosed = true
    await this.#channels.close()
  }

  async #run<T>(options: CallOptions, work: (call: RunningCall) => Promise<T>): Promise<T> {
    const call = startCall(options, this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS)
    try {
      return await work(call)
    } catch (error) {
      throw call.failure() ?? grpcRefusal(error)
    } finally {
      call.end()
    }
  }

  async #unary(
    method: string,
    message: Uint8Array,
    options: CallOptions,
    call: RunningCall,
  ): Promise<Uint8Array> {
    const { client, metadata } = await this.#open(options, call)
    const deadline: GrpcCallOptions = { deadline: Date.now() + call.timeoutMs }
    const path = `${SERVICE}/${method}`
    return new Promise((resolve, reject) => {
      const running = client.makeUnaryRequest(
        path,
        toBuffer,
        bytes => bytes,
        message,
        metadata,
        deadline,
        (error, answer) =>
          error === null && answer !== undefined ? resolve(answer) : reject(error as Error),
      )
      call.signal.addEventListener('abort', () => running.cancel(), { once: true })
    })
  }

  async *#stream(
    request: InferenceRequest,
    options: CallOptions,
  ): AsyncGenerator<InferenceResponse, void, undefined> {
    const call = startCall(options, this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS)
    let cancel: (() => void) | undefined
    try {
      const message = concat(encodeInferRequest(request, true))
      const { client, metadata } = await this.#open(options, call)
      const stream = client.makeBidiStreamRequest<Uint8Array, Buffer>(
        `${SERVICE}/ModelStreamInfer`,
        toBuffer,
        bytes => bytes,
        metadata,
      )
      cancel = () => stream.cancel()
      call.signal.addEventListener('abort', cancel, { once: true })
      stream.write(message)
      stream.end()
      for await (const answer of stream as AsyncIterable<Buffer>) {
        call.restart()
        yield understood(() => decodeStreamAnswer(answer))
      }
    } catch (error) {
      throw call.failure() ?? grpcRefusal(error)
    } finally {
      call.end()
      cancel?.()
    }
  }

  /** A channel to call on, and the metadata of the call. */
  async #open(
    options: CallOptions,
    call: RunningCall,
  ): Promise<{ readonly client: Client; readonly metadata: Metadata }> {
    if (this.#isClosed) throw new ServingError('FAILED_PRECONDITION', 'the client is closed')
    const opened = await this.#channels.open({ ...this.#options.headers, ...options.headers })
    // The library may have taken a while to load.
    const failure = call.failure()
    if (failure !== undefined) throw failure
    return opened
  }
}

/** Parameters as they are on the wire become plain values; those of no kind are ignored. */
function plain({
  parameters,
  ...rest
}: inference.ModelMetadataResponse_TensorMetadata): Readonly<Record<string, unknown>> {
  const entries = Object.entries(parameters).flatMap(([name, { parameterChoice }]) =>
    parameterChoice.case === undefined ? [] : [[name, parameterChoice.value] as const],
  )
  return entries.length === 0 ? rest : { ...rest, parameters: Object.fromEntries(entries) }
}

function encode<M extends DescMessage>(schema: M, init: MessageInitShape<M>): Uint8Array {
  return toBinary(schema, create(schema, init))
}

/** One message is one buffer to the library. */
function concat(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
