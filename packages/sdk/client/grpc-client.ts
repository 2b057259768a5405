import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import type { InferenceRequest, InferenceResponse } from '../model/index.ts'
import {
  decodeInferResponse,
  encodeInferRequest,
  inference,
  inferResponsePayloadOffset,
} from '../protocol/index.ts'
import type { UnaryMethod } from './grpc/index.ts'
import { createGrpcCaller, type GrpcCaller } from './grpc-caller.ts'
import { grpcRefusal } from './grpc-refusal.ts'
import { decodeStreamAnswer } from './grpc-stream-answer.ts'
import type {
  CallOptions,
  ClientOptions,
  InferenceClient,
  ModelMetadata,
  ModelTarget,
} from './inference-client.ts'
import { readMetadata } from './metadata-view.ts'
import { understood } from './understood-answer.ts'

const SERVICE = '/inference.GRPCInferenceService'

export interface GrpcClientOptions extends ClientOptions {
  /**
   * Where the server is, e.g. `127.0.0.1:8081`, `[::1]:8081` or `unix:/run/server.sock`. With `tls`, even if it is empty,
   * over TLS. Proxies that the environment names are not used.
   */
  readonly target: string
  /** Connections, each of which carries many calls at a time. Default 1. */
  readonly maxConnections?: number | undefined
}

/**
 * A client of the protocol's gRPC form. Tensors travel raw, and must not change until their call has ended. The gRPC
 * library is loaded with the first stream; other calls do without.
 * @throws ServingError INVALID_ARGUMENT for a target or number that cannot be
 */
export function createGrpcClient(options: GrpcClientOptions): InferenceClient {
  return new GrpcClient(options)
}

class GrpcClient implements InferenceClient {
  readonly #caller: GrpcCaller
  readonly #infer: UnaryMethod
  readonly #modelMetadata: UnaryMethod
  readonly #serverReady: UnaryMethod
  readonly #modelReady: UnaryMethod

  constructor(options: GrpcClientOptions) {
    this.#caller = createGrpcCaller(options)
    const { method } = this.#caller
    this.#infer = method(`${SERVICE}/ModelInfer`, inferResponsePayloadOffset)
    this.#modelMetadata = method(`${SERVICE}/ModelMetadata`)
    this.#serverReady = method(`${SERVICE}/ServerReady`)
    this.#modelReady = method(`${SERVICE}/ModelReady`)
  }

  readonly infer = (request: InferenceRequest, options: CallOptions = {}): Promise<InferenceResponse> =>
    this.#infer(
      options,
      () => encodeInferRequest(request, true),
      answer => understood(() => decodeInferResponse(answer)),
    )

  readonly inferStream = (request: InferenceRequest, options: CallOptions = {}) =>
    this.#stream(request, options)

  readonly modelMetadata = (target: ModelTarget, options: CallOptions = {}): Promise<ModelMetadata> =>
    this.#modelMetadata(
      options,
      () => encode(inference.ModelMetadataRequestSchema, nameOf(target)),
      answer => {
        const view = understood(() => fromBinary(inference.ModelMetadataResponseSchema, answer))
        return readMetadata({ ...view, inputs: view.inputs.map(plain), outputs: view.outputs.map(plain) })
      },
    )

  readonly isReady = (target?: ModelTarget, options: CallOptions = {}): Promise<boolean> => {
    if (target === undefined) {
      return this.#serverReady(
        options,
        () => [],
        answer => understood(() => fromBinary(inference.ServerReadyResponseSchema, answer).ready),
      )
    }
    return this.#modelReady(
      options,
      () => encode(inference.ModelReadyRequestSchema, nameOf(target)),
      answer => understood(() => fromBinary(inference.ModelReadyResponseSchema, answer).ready),
    )
  }

  readonly close = (): Promise<void> => this.#caller.close()

  async *#stream(
    request: InferenceRequest,
    options: CallOptions,
  ): AsyncGenerator<InferenceResponse, void, undefined> {
    const call = this.#caller.start(options)
    let cancel: (() => void) | undefined
    try {
      const message = Buffer.concat(encodeInferRequest(request, true))
      const { client, metadata } = await this.#caller.open(options, call)
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

function nameOf({ modelName, modelVersion = '' }: ModelTarget) {
  return { name: modelName, version: modelVersion }
}

function encode<M extends DescMessage>(schema: M, init: MessageInitShape<M>): readonly Uint8Array[] {
  return [toBinary(schema, create(schema, init))]
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
