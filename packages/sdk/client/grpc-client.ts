import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import type { InferenceRequest, InferenceResponse } from '../model/index.ts'
import { decodeInferResponse, encodeInferRequest, inference } from '../protocol/index.ts'
import { concat, createGrpcCaller, type GrpcCaller, toBuffer } from './grpc-caller.ts'
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
  readonly #caller: GrpcCaller

  constructor(options: GrpcClientOptions) {
    this.#caller = createGrpcCaller(options)
  }

  readonly infer = (request: InferenceRequest, options: CallOptions = {}): Promise<InferenceResponse> =>
    this.#caller.run(options, async call => {
      const message = concat(encodeInferRequest(request, true))
      const answer = await this.#caller.unary(`${SERVICE}/ModelInfer`, message, options, call)
      return understood(() => decodeInferResponse(answer))
    })

  readonly inferStream = (request: InferenceRequest, options: CallOptions = {}) =>
    this.#stream(request, options)

  readonly modelMetadata = (target: ModelTarget, options: CallOptions = {}): Promise<ModelMetadata> =>
    this.#caller.run(options, async call => {
      const init = { name: target.modelName, version: target.modelVersion ?? '' }
      const message = encode(inference.ModelMetadataRequestSchema, init)
      const answer = await this.#caller.unary(`${SERVICE}/ModelMetadata`, message, options, call)
      const view = understood(() => fromBinary(inference.ModelMetadataResponseSchema, answer))
      return readMetadata({ ...view, inputs: view.inputs.map(plain), outputs: view.outputs.map(plain) })
    })

  readonly isReady = (target?: ModelTarget, options: CallOptions = {}): Promise<boolean> =>
    this.#caller.run(options, async call => {
      if (target === undefined) {
        const answer = await this.#caller.unary(`${SERVICE}/ServerReady`, new Uint8Array(), options, call)
        return understood(() => fromBinary(inference.ServerReadyResponseSchema, answer).ready)
      }
      const init = { name: target.modelName, version: target.modelVersion ?? '' }
      const message = encode(inference.ModelReadyRequestSchema, init)
      const answer = await this.#caller.unary(`${SERVICE}/ModelReady`, message, options, call)
      return understood(() => fromBinary(inference.ModelReadyResponseSchema, answer).ready)
    })

  readonly close = (): Promise<void> => this.#caller.close()

  async *#stream(
    request: InferenceRequest,
    options: CallOptions,
  ): AsyncGenerator<InferenceResponse, void, undefined> {
    const call = this.#caller.start(options)
    let cancel: (() => void) | undefined
    try {
      const message = concat(encodeInferRequest(request, true))
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

function encode<M extends DescMessage>(schema: M, init: MessageInitShape<M>): Uint8Array {
  return toBinary(schema, create(schema, init))
}
