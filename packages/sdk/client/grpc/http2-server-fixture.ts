import { once } from 'node:events'
import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo, ListenOptions } from 'node:net'
import type { TestContext } from 'node:test'
import { createUnaryCaller, type UnaryCaller, type UnaryCallerOptions } from './unary-caller.ts'

export const PATH = '/test.Service/Method'

/** One call as the server sees it. */
export type Handler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void

export interface Bed {
  readonly server: Http2Server
  readonly target: string
  readonly caller: UnaryCaller
  /** Calls the method, bytes to bytes. */
  readonly ask: (
    message?: Uint8Array | readonly Uint8Array[],
    options?: Parameters<ReturnType<UnaryCaller['method']>>[0],
  ) => Promise<Buffer>
  /** How many connections the server has accepted. */
  readonly connectionCount: () => number
}

/** A server that does on each stream what a test says, and a caller of it. */
export async function startBed(
  t: TestContext,
  handler: Handler,
  options: Partial<UnaryCallerOptions> = {},
  listenOptions: ListenOptions = { host: '127.0.0.1', port: 0 },
): Promise<Bed> {
  const server = createServer()
  let connectionCount = 0
  server.on('session', session => {
    connectionCount++
    session.on('error', () => {})
    t.after(() => session.destroy())
  })
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    handler(stream, headers)
  })
  server.listen(listenOptions)
  await once(server, 'listening')
  const address = server.address() as AddressInfo | string
  const target = typeof address === 'string' ? `unix:${address}` : `127.0.0.1:${address.port}`
  const caller = openCaller(t, { target, ...options })
  const method = caller.method(PATH)
  t.after(() => server.close())
  return {
    server,
    target,
    caller,
    connectionCount: () => connectionCount,
    ask: (message = Buffer.of(1), callOptions = {}) =>
      method(
        callOptions,
        () => (message instanceof Uint8Array ? [message] : message),
        answer => answer as Buffer,
      ),
  }
}

export function openCaller(
  t: TestContext,
  options: Partial<UnaryCallerOptions> & { target: string },
): UnaryCaller {
  const caller = createUnaryCaller({
    tls: undefined,
    maxConnections: 1,
    maxResponseBytes: 64 * 1_048_576,
    timeoutMs: 60_000,
    headers: undefined,
    ...options,
  })
  t.after(() => caller.close())
  return caller
}

/** A message behind its prefix. */
export function frame(message: Uint8Array, flags = 0): Buffer {
  const prefix = Buffer.alloc(5)
  prefix[0] = flags
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

/** Answers with these bytes, and then these trailers. */
export function respond(
  stream: ServerHttp2Stream,
  body: Uint8Array,
  trailers: OutgoingHttpHeaders = { 'grpc-status': '0' },
  headers: OutgoingHttpHeaders = {},
): void {
  stream.respond(
    { ':status': 200, 'content-type': 'application/grpc', ...headers },
    { waitForTrailers: true },
  )
  stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  stream.end(body)
  stream.resume()
}

/** Sends back the request's message. */
export const echo: Handler = stream => {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  stream.on('end', () => respond(stream, Buffer.concat(chunks)))
}
