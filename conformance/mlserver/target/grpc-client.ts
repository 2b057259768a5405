import { fileURLToPath } from 'node:url'
import {
  Client,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServiceDefinition,
  type StatusObject,
  status,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

const PROTO_FOLDER = fileURLToPath(new URL('../../../packages/sdk/protocol/proto/', import.meta.url))
const OPTIONS = { keepCase: true, longs: String, enums: String, defaults: false, oneofs: true } as const

const INFERENCE = { file: 'inference.proto', service: 'inference.GRPCInferenceService' }
/** The three repository calls under the name that MLServer keeps for old clients. */
export const OLD_REPOSITORY: GrpcService = {
  file: 'model_repository.proto',
  service: 'inference.model_repository.ModelRepositoryService',
}
export const HEALTH: GrpcService = { file: 'grpc/health/v1/health.proto', service: 'grpc.health.v1.Health' }

export interface GrpcService {
  readonly file: string
  readonly service: string
}

/** How a call ended, and what came before. It never rejects. */
export interface GrpcAnswer {
  /** `OK`, `NOT_FOUND`… */
  readonly code: string
  readonly details: string
  /** Fields by their names in the `.proto`; 64-bit integers as texts. Empty when there was no message. */
  readonly message: Readonly<Record<string, unknown>>
  /** All messages of a stream. */
  readonly messages: readonly Readonly<Record<string, unknown>>[]
  readonly trailers: Readonly<Record<string, string>>
}

export interface GrpcOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly service?: GrpcService
}

/** One address, asked with grpc-js, and messages that protobufjs reads and writes. */
export interface GrpcClient {
  readonly address: string
  call(method: string, message: object, options?: GrpcOptions): Promise<GrpcAnswer>
  /** Sends all messages of a bidirectional call at once; `answerLike` names the method whose answers come. */
  stream(
    method: string,
    messages: readonly object[],
    options?: GrpcOptions & { readonly answerLike?: string },
  ): Promise<GrpcAnswer>
  close(): void
}

/** @param address host and port */
export function grpcClient(address: string): GrpcClient {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
  })
  return {
    address,
    call: async (method, message, { headers, service = INFERENCE } = {}) => {
      const { path, requestSerialize, responseDeserialize } = definition(service, method)
      const { promise, resolve } = Promise.withResolvers<GrpcAnswer>()
      let reply: object | undefined
      const call = client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        message,
        metadata(headers),
        deadline(),
        // The status, which follows, says the same and has the trailers.
        (_error, value) => {
          reply = value
        },
      )
      call.on('status', ended => resolve(answer(ended, reply === undefined ? [] : [reply])))
      return promise
    },
    stream: async (method, messages, { headers, service = INFERENCE, answerLike = method } = {}) => {
      const { path, requestSerialize } = definition(service, method)
      const { responseDeserialize } = definition(service, answerLike)
      const { promise, resolve } = Promise.withResolvers<GrpcAnswer>()
      const call = client.makeBidiStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        metadata(headers),
        deadline(),
      )
      const replies: object[] = []
      call.on('data', (reply: object) => replies.push(reply))
      call.on('error', () => {})
      call.on('status', (ended: StatusObject) => resolve(answer(ended, replies)))
      for (const message of messages) call.write(message)
      call.end()
      return promise
    },
    close: () => client.close(),
  }
}

const services = new Map<string, ServiceDefinition>()

function definition({ file, service }: GrpcService, method: string): MethodDefinition<object, object> {
  const found =
    services.get(service) ??
    (loadSync(file, { ...OPTIONS, includeDirs: [PROTO_FOLDER] })[service] as ServiceDefinition)
  services.set(service, found)
  return found[method] as MethodDefinition<object, object>
}

function answer({ code, details, metadata: trailers }: StatusObject, replies: readonly object[]): GrpcAnswer {
  const messages = replies as readonly Readonly<Record<string, unknown>>[]
  return {
    code: status[code],
    details,
    message: messages[0] ?? {},
    messages,
    trailers: Object.fromEntries(
      Object.entries(trailers.getMap()).map(([name, value]) => [name, String(value)]),
    ),
  }
}

function metadata(headers: Readonly<Record<string, string>> = {}): Metadata {
  const sent = new Metadata()
  for (const [name, value] of Object.entries(headers)) sent.set(name, value)
  return sent
}

function deadline(): { deadline: Date } {
  return { deadline: new Date(Date.now() + 20_000) }
}
