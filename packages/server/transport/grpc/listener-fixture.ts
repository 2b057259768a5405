import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionOptions,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { connect as connectSocket, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import * as grpc from '@grpc/grpc-js'
import { type ErrorCode, ServingError } from '@millrace/sdk'
import type { Listener } from '../http/http-types.ts'
import { listenGrpc } from './grpc-listener.ts'
import type { GrpcLimits, GrpcMethod, GrpcObservation, GrpcStatus } from './grpc-types.ts'

/** What the tests of this folder share: a listener on a free port, and clients of both kinds. */

const CODES: Record<ErrorCode, number> = {
  CANCELLED: grpc.status.CANCELLED,
  INVALID_ARGUMENT: grpc.status.INVALID_ARGUMENT,
  DEADLINE_EXCEEDED: grpc.status.DEADLINE_EXCEEDED,
  NOT_FOUND: grpc.status.NOT_FOUND,
  ALREADY_EXISTS: grpc.status.ALREADY_EXISTS,
  PERMISSION_DENIED: grpc.status.PERMISSION_DENIED,
  RESOURCE_EXHAUSTED: grpc.status.RESOURCE_EXHAUSTED,
  FAILED_PRECONDITION: grpc.status.FAILED_PRECONDITION,
  UNIMPLEMENTED: grpc.status.UNIMPLEMENTED,
  OUT_OF_RANGE: grpc.status.OUT_OF_RANGE,
  INTERNAL: grpc.status.INTERNAL,
  UNKNOWN: grpc.status.UNKNOWN,
  UNAVAILABLE: grpc.status.UNAVAILABLE,
  UNAUTHENTICATED: grpc.status.UNAUTHENTICATED,
}

export const LIMITS: GrpcLimits = {
  maxMessageBytes: 32 * 1_048_576,
  maxHeaderBytes: 16_384,
  maxConcurrentCalls: 1000,
  maxConcurrentStreams: 100,
  maxInFlightBytes: 256 * 1_048_576,
  maxConnections: 100,
  requestTimeoutMs: 60_000,
  streamIdleTimeoutMs: 60_000,
}

export interface TestBed {
  readonly listener: Listener
  readonly port: number
  readonly starts: string[]
  readonly observations: GrpcObservation[]
  /** Resolves when so many calls have finished. */
  finished(count: number): Promise<readonly GrpcObservation[]>
}

export async function startBed(
  t: TestContext,
  methods: Readonly<Record<string, GrpcMethod>>,
  limits: Partial<GrpcLimits> = {},
  port = 0,
): Promise<TestBed> {
  const starts: string[] = []
  const observations: GrpcObservation[] = []
  const waiters: (() => void)[] = []
  const listener = await listenGrpc({
    host: '127.0.0.1',
    port,
    limits: { ...LIMITS, ...limits },
    methods: new Map(Object.entries(methods)),
    toStatus,
    onStart: (service, method, kind) => starts.push(`${kind} ${service}/${method}`),
    onFinish(observation) {
      observations.push(observation)
      for (const wake of waiters.splice(0)) wake()
    },
  })
  t.after(() => listener.close(0))
  return {
    listener,
    port: listener.port,
    starts,
    observations,
    async finished(count) {
      while (observations.length < count) await new Promise<void>(resolve => waiters.push(resolve))
      return observations
    },
  }
}

export function toStatus(error: unknown): GrpcStatus {
  const { code, message } = ServingError.from(error, 'the handler failed')
  return { code: CODES[code], message }
}

// Clients of the reference implementation.

export type GrpcClient = ReturnType<typeof grpcClient>

export function grpcClient(
  t: TestContext,
  port: number,
  options: grpc.ClientOptions = {},
  credentials = grpc.credentials.createInsecure(),
) {
  const client = new grpc.Client(`127.0.0.1:${port}`, credentials, {
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    // Otherwise clients share connections, and tests each other's.
    'grpc.use_local_subchannel_pool': 1,
    ...options,
  })
  t.after(() => client.close())
  return {
    client,
    unary(path: string, message: Buffer, options: grpc.CallOptions = {}, metadata = new grpc.Metadata()) {
      const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
      const call = client.makeUnaryRequest(path, same, same, message, metadata, options, (error, reply) => {
        if (error) reject(error)
        else resolve(reply ?? Buffer.alloc(0))
      })
      return Object.assign(promise, { call, status: statusOf(call) })
    },
    stream(path: string, options: grpc.CallOptions = {}, metadata = new grpc.Metadata()) {
      const call = client.makeBidiStreamRequest(path, same, same, metadata, options)
      // A failed call is an `error` and a `status`; the tests look at the status.
      call.on('error', () => {})
      return Object.assign(call, { finalStatus: statusOf(call) })
    },
  }
}

function statusOf(
  call: grpc.ClientUnaryCall | grpc.ClientDuplexStream<Buffer, Buffer>,
): Promise<grpc.StatusObject> {
  return new Promise(resolve => call.on('status', resolve))
}

function same(bytes: Buffer): Buffer {
  return bytes
}

// Clients that speak HTTP/2 as they like.

export function rawSession(
  t: TestContext,
  port: number,
  options: ClientSessionOptions = {},
): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`, options)
  session.on('error', () => {})
  t.after(() => session.destroy())
  return session
}

export function open(
  session: ClientHttp2Session,
  path: string,
  headers: OutgoingHttpHeaders = {},
): ClientHttp2Stream {
  const stream = session.request(
    { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers },
    { endStream: false },
  )
  stream.on('error', () => {})
  return stream
}

/** A connection for frames that no HTTP/2 library would send. */
export function rawFrames(t: TestContext, port: number) {
  const socket = connectSocket(port, '127.0.0.1')
  socket.on('error', () => {})
  t.after(() => socket.destroy())
  socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), http2Frame(0x4, 0, 0, '')]))
  return {
    socket,
    headers: (streamId: number, path: string) => {
      // HPACK: POST and http from the static table, the rest as literals that are not indexed.
      const fields = [
        Buffer.from([0x83, 0x86]),
        literal(1, 'localhost'),
        literal(4, path),
        literal(31, 'application/grpc'),
      ]
      return http2Frame(0x1, 0x4, streamId, Buffer.concat(fields))
    },
    data: (streamId: number, bytes: Buffer, isLast: boolean) =>
      http2Frame(0x0, isLast ? 0x1 : 0, streamId, bytes),
    reset: (streamId: number, code: number) => http2Frame(0x3, 0, streamId, Buffer.from([0, 0, 0, code])),
  }
}

function http2Frame(type: number, flags: number, streamId: number, payload: Buffer | string): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(streamId, 5)
  return Buffer.concat([head, Buffer.from(payload)])
}

function literal(nameIndex: number, value: string): Buffer {
  const name = nameIndex < 15 ? [nameIndex] : [0x0f, nameIndex - 15]
  return Buffer.from([...name, value.length, ...Buffer.from(value)])
}

export interface RawReply {
  readonly headers: IncomingHttpHeaders
  readonly data: Buffer
  readonly trailers: IncomingHttpHeaders
  /** Of the trailers, or of the headers when there was nothing else. */
  readonly status: string | undefined
  readonly message: string
  readonly rstCode: number
}

/** All that comes back, once the stream is closed. */
export function collect(stream: ClientHttp2Stream): Promise<RawReply> {
  const { promise, resolve } = Promise.withResolvers<RawReply>()
  let headers: IncomingHttpHeaders = {}
  let trailers: IncomingHttpHeaders = {}
  const data: Buffer[] = []
  stream.on('response', received => (headers = received))
  stream.on('trailers', (received: IncomingHttpHeaders) => (trailers = received))
  stream.on('data', (chunk: Buffer) => data.push(chunk))
  stream.on('close', () => {
    const field = (name: string) => trailers[name] ?? headers[name]
    resolve({
      headers,
      data: Buffer.concat(data),
      trailers,
      status: field('grpc-status')?.toString(),
      message: decodeURIComponent(field('grpc-message')?.toString() ?? ''),
      rstCode: stream.rstCode,
    })
  })
  return promise
}

export function frame(message: Uint8Array, flags = 0, length = message.length): Buffer {
  const prefix = Buffer.alloc(5)
  prefix[0] = flags
  prefix.writeUInt32BE(length, 1)
  return Buffer.concat([prefix, message])
}

export function nextData(stream: NodeJS.ReadableStream): Promise<Buffer> {
  return new Promise(resolve => stream.once('data', resolve))
}

/** Resolves when it is closed, with or without an error. */
export function closed(connection: ClientHttp2Session | ClientHttp2Stream | Socket): Promise<void> {
  return new Promise(resolve => {
    if (connection.destroyed) resolve()
    else connection.once('close', () => resolve())
  })
}

/** The messages in the body of a reply. */
export function unframe(data: Buffer): Buffer[] {
  const messages: Buffer[] = []
  for (let offset = 0; offset < data.length; ) {
    const end = offset + 5 + data.readUInt32BE(offset + 1)
    messages.push(data.subarray(offset + 5, end))
    offset = end
  }
  return messages
}

export const ECHO = '/test.Service/Echo'
export const echo: GrpcMethod = { kind: 'unary', handle: message => message }

export const CHAT = '/test.Service/Chat'
export const chat: GrpcMethod = {
  kind: 'stream',
  async *handle(messages) {
    yield* messages
  },
}
