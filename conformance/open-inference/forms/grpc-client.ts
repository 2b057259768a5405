import { fileURLToPath } from 'node:url'
import {
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServiceDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

const PROTO_FOLDER = fileURLToPath(new URL('../../../packages/sdk/protocol/proto/', import.meta.url))
const OPTIONS = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true } as const

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number
}

export interface GrpcReply<T> {
  readonly message: T
  /** Trailing metadata. */
  readonly headers: Readonly<Record<string, string>>
}

/** One service of one server, called with grpc-js and messages that protobufjs reads and writes. */
export interface GrpcClient {
  /** @throws ServiceError of grpc-js */
  call<T>(method: string, message: object | Uint8Array, options?: CallOptions): Promise<GrpcReply<T>>
  /** Opens a stream of messages; `answerLike` names the method whose answers these are shaped like. */
  open(
    method: string,
    options?: CallOptions & { readonly answerLike?: string },
  ): ClientDuplexStream<object, object>
  close(): void
}

/** @param target host and port */
export function grpcClient(
  target: string,
  { file = 'inference.proto', service = 'inference.GRPCInferenceService', maxReceiveBytes = -1 } = {},
): GrpcClient {
  // Messages are as large as the server lets them be, in both directions, unless the caller says otherwise.
  const client = new Client(target, credentials.createInsecure(), {
    'grpc.max_receive_message_length': maxReceiveBytes,
    'grpc.max_send_message_length': -1,
  })
  const methods = loadSync(file, { ...OPTIONS, includeDirs: [PROTO_FOLDER] })[service] as ServiceDefinition
  const definition = (name: string) => methods[name] as MethodDefinition<object, object>

  return {
    call<T>(method: string, message: object | Uint8Array, options: CallOptions = {}) {
      const { path, requestSerialize, responseDeserialize } = definition(method)
      // Bytes are sent as they are, valid or not.
      const serialize = (value: object) =>
        value instanceof Uint8Array ? Buffer.from(value) : requestSerialize(value)
      return new Promise<GrpcReply<T>>((resolve, reject) => {
        let reply: object | undefined
        const call = client.makeUnaryRequest(
          path,
          serialize,
          responseDeserialize,
          message,
          toMetadata(options.headers),
          deadlineOf(options),
          (error, value) => {
            if (error !== null) reject(error)
            reply = value
          },
        )
        // The trailers come with the status, which follows the answer.
        call.on('status', ({ code, metadata }) => {
          if (code === status.OK) resolve({ message: reply as T, headers: toHeaders(metadata) })
        })
        whenAborted(options.signal, () => call.cancel())
      })
    },
    open(method, options = {}) {
      const { path, requestSerialize } = definition(method)
      const { responseDeserialize } = definition(options.answerLike ?? method)
      const call = client.makeBidiStreamRequest(
        path,
        (value: object) => (value instanceof Uint8Array ? Buffer.from(value) : requestSerialize(value)),
        responseDeserialize,
        toMetadata(options.headers),
        deadlineOf(options),
      )
      whenAborted(options.signal, () => call.cancel())
      return call
    },
    close: () => client.close(),
  }
}

/** The name of an error's gRPC status. */
export function statusName(error: ServiceError): string {
  return status[error.code]
}

export function toHeaders(metadata: Metadata): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata.getMap()).map(([name, value]) => [name, String(value)]))
}

function toMetadata(headers: Readonly<Record<string, string>> = {}): Metadata {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(headers)) {
    metadata.set(name, name.endsWith('-bin') ? Buffer.from(value) : value)
  }
  return metadata
}

function deadlineOf({ timeoutMs }: CallOptions): { deadline?: Date } {
  return timeoutMs === undefined ? {} : { deadline: new Date(Date.now() + timeoutMs) }
}

function whenAborted(signal: AbortSignal | undefined, cancel: () => void): void {
  if (signal?.aborted === true) cancel()
  else signal?.addEventListener('abort', cancel, { once: true })
}
