import { Buffer } from 'node:buffer'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { type ErrorCode, ServingError } from '@millrace/sdk'
import { listenHttp } from './http-listener.ts'
import type {
  HttpLimits,
  HttpListenerOptions,
  HttpObservation,
  HttpResponse,
  HttpRoute,
  Listener,
} from './http-types.ts'

/** Generous, so that a test names the one limit that it goes beyond. */
export const LIMITS: HttpLimits = {
  maxBodyBytes: 1_000_000,
  maxHeaderBytes: 16_384,
  maxConcurrentRequests: 100,
  maxInFlightBytes: 10_000_000,
  maxConnections: 100,
  requestTimeoutMs: 10_000,
  headersTimeoutMs: 10_000,
  keepAliveTimeoutMs: 10_000,
}

const STATUS: { readonly [code in ErrorCode]?: number } = {
  INVALID_ARGUMENT: 400,
  NOT_FOUND: 404,
  CANCELLED: 499,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
}

/** The error form of the tests' protocol: `{"code", "error"}`. */
export function toErrorResponse(thrown: unknown): HttpResponse {
  const error = ServingError.from(thrown, 'internal error')
  return {
    status: error.httpStatus ?? STATUS[error.code] ?? 500,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ code: error.code, error: error.message })),
  }
}

export interface StartedListener {
  readonly listener: Listener
  readonly port: number
  readonly url: string
  /** Methods of requests begun. */
  readonly started: readonly string[]
  /** Resolves with the next finished exchange that nobody has asked for yet. */
  readonly nextObservation: () => Promise<HttpObservation>
}

export interface ListenerOverrides extends Partial<Omit<HttpListenerOptions, 'limits' | 'routes'>> {
  readonly limits?: Partial<HttpLimits>
}

/** Listens on a free port until the test is over. */
export async function startListener(
  t: TestContext,
  routes: readonly HttpRoute[],
  { limits = {}, ...overrides }: ListenerOverrides = {},
): Promise<StartedListener> {
  const started: string[] = []
  const finished: HttpObservation[] = []
  const waiting: ((observation: HttpObservation) => void)[] = []
  const listener = await listenHttp({
    host: '127.0.0.1',
    port: 0,
    routes,
    limits: { ...LIMITS, ...limits },
    toErrorResponse,
    isCompressionEnabled: true,
    onStart: method => started.push(method),
    onFinish: observation => {
      const resolve = waiting.shift()
      if (resolve === undefined) finished.push(observation)
      else resolve(observation)
    },
    ...overrides,
  })
  t.after(() => listener.close(0))
  return {
    listener,
    port: listener.port,
    url: `http://127.0.0.1:${listener.port}`,
    started,
    nextObservation() {
      const observation = finished.shift()
      if (observation !== undefined) return Promise.resolve(observation)
      const { promise, resolve } = Promise.withResolvers<HttpObservation>()
      waiting.push(resolve)
      return promise
    },
  }
}

/** A bare socket that remembers what it was sent. */
export class RawClient {
  readonly socket: Socket
  /** Resolves when the connection is closed, whoever closed it and however. */
  readonly closed: Promise<void>
  received = ''
  #isClosed = false
  #check: (() => void) | undefined

  /** @param keptLength how much of the end of what comes is kept */
  constructor(port: number, keptLength: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    this.socket.on('data', chunk => {
      this.received = (this.received + chunk.toString('latin1')).slice(-keptLength)
      this.#check?.()
    })
    // A reset is one of the ways to be closed.
    this.socket.on('error', () => {})
    this.socket.on('end', () => this.socket.end())
    this.closed = new Promise(resolve => {
      this.socket.on('close', () => {
        this.#isClosed = true
        this.#check?.()
        resolve()
      })
    })
  }

  send(text: string | Uint8Array): this {
    this.socket.write(text)
    return this
  }

  /** Resolves once what was received matches; rejects when the connection closes before. */
  async until(pattern: RegExp): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    this.#check = () => {
      if (pattern.test(this.received)) resolve(this.received)
      else if (this.#isClosed) reject(new Error(`closed before ${pattern}, after: ${this.received}`))
    }
    this.#check()
    return promise
  }

  /** Everything received until the connection closed. */
  async untilClosed(): Promise<string> {
    await this.closed
    return this.received
  }
}

/** Opens a bare socket that is destroyed with the test. */
export function openRaw(t: TestContext, port: number, keptLength = 1_000_000): RawClient {
  const client = new RawClient(port, keptLength)
  t.after(() => client.socket.destroy())
  return client
}

/** Sends one request on a bare socket of its own and returns all that comes until it is closed. */
export function exchangeRaw(t: TestContext, port: number, request: string | Uint8Array): Promise<string> {
  return openRaw(t, port).send(request).untilClosed()
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export async function request(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, init)
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** Reads the tests' error form. */
export function errorOf(body: string): { readonly code: string; readonly error: string } {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- whatever else it is fails the assertion
  return JSON.parse(body.slice(body.indexOf('{'))) as { readonly code: string; readonly error: string }
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function text(status: number, body: string, headers: { [name: string]: string } = {}): HttpResponse {
  return { status, headers: { 'content-type': 'text/plain', ...headers }, body: bytes(body) }
}
