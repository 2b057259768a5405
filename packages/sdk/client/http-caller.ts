import { ServingError } from '../errors/index.ts'
import { createConnectionPool } from './connection-pool.ts'
import {
  type CallOptions,
  type ClientOptions,
  DEFAULT_MAX_RESPONSE_BYTES,
  DEFAULT_TIMEOUT_MS,
} from './inference-client.ts'
import { readBody } from './response-body.ts'
import { type RunningCall, startCall } from './running-call.ts'

export interface HttpCallerOptions extends ClientOptions {
  /** Where the server is, perhaps with a path before those that are called. */
  readonly url: string
  /** Connections at the same time; calls beyond them wait. Default 16. */
  readonly maxConnections?: number | undefined
}

/** What is sent, apart from the path. */
export interface HttpMessage {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  /** A stream is sent as it comes, in chunks. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>
}

/** Calls of one HTTP server: their time, their end, their connections, and what can go wrong with them. */
export interface HttpCaller {
  readonly base: string
  readonly maxBytes: number
  readonly start: (options: CallOptions) => RunningCall
  /** Does the work of a call, and ends it; what failed on the way is a `ServingError` that says why. */
  readonly run: <T>(options: CallOptions, work: (call: RunningCall) => Promise<T>) => Promise<T>
  /** Resolves with status and headers; the body is yet to be read. */
  readonly send: (
    path: string,
    message: HttpMessage,
    options: CallOptions,
    call: RunningCall,
  ) => Promise<Response>
  /** @throws ServingError RESOURCE_EXHAUSTED beyond `maxBytes` */
  readonly readBody: (response: Response) => Promise<Uint8Array>
  /** Puts into words that the status has come and the body has not. */
  readonly brokenOff: (error: unknown) => ServingError
  readonly close: () => Promise<void>
}

/**
 * @throws ServingError INVALID_ARGUMENT for a URL or number that cannot be; UNIMPLEMENTED for `tls` where
 * the process has replaced fetch's connections
 */
export function createHttpCaller(options: HttpCallerOptions): HttpCaller {
  const { tls, maxConnections = 16, maxResponseBytes: maxBytes = DEFAULT_MAX_RESPONSE_BYTES } = options
  const base = baseOf(options.url, tls !== undefined)
  if (!Number.isInteger(maxConnections) || maxConnections < 1) {
    throw new ServingError('INVALID_ARGUMENT', `maxConnections is ${maxConnections}; it must be at least 1`)
  }
  const pool = createConnectionPool(tls, maxConnections)
  let isClosed = false

  const start = (call: CallOptions) => startCall(call, options.timeoutMs ?? DEFAULT_TIMEOUT_MS)

  function brokenOff(error: unknown): ServingError {
    if (ServingError.is(error)) return error
    const reason = reasonOf(error)
    return new ServingError('UNAVAILABLE', `the answer of ${base} broke off: ${reason}`, { cause: error })
  }

  return {
    base,
    maxBytes,
    start,
    brokenOff,
    async run(callOptions, work) {
      const call = start(callOptions)
      try {
        return await work(call)
      } catch (error) {
        throw call.failure() ?? brokenOff(error)
      } finally {
        call.end()
      }
    },
    async send(path, message, callOptions, call) {
      if (isClosed) throw new ServingError('FAILED_PRECONDITION', 'the client is closed')
      const { dispatcher } = pool
      const init: RequestInit = {
        method: message.method,
        headers: headersOf(options.headers, callOptions.headers, message.headers),
        signal: call.signal,
        // A redirect would take headers, which may be secrets, and bodies to who knows where.
        redirect: 'manual',
        ...(message.body === undefined ? {} : bodyOf(message.body)),
        ...(dispatcher === undefined ? {} : { dispatcher }),
      }
      try {
        return await fetch(`${base}${path}`, init)
      } catch (error) {
        const failure = call.failure() ?? servingCause(error)
        if (failure !== undefined) throw failure
        const reason = reasonOf(error)
        throw new ServingError('UNAVAILABLE', `${base} cannot be reached: ${reason}`, { cause: error })
      }
    },
    readBody: ({ body, headers }) =>
      readBody(body, Number(headers.get('content-length') ?? Number.NaN), maxBytes),
    close() {
      isClosed = true
      return pool.close()
    },
  }
}

function bodyOf(body: Uint8Array | AsyncIterable<Uint8Array>): RequestInit {
  if (body instanceof Uint8Array) return { body: body as Uint8Array<ArrayBuffer> }
  return { body: ReadableStream.from(body), duplex: 'half' }
}

/** What the stream that was to be sent failed with. */
function servingCause(error: unknown): ServingError | undefined {
  if (ServingError.is(error)) return error
  const { cause } = error as { readonly cause?: unknown }
  return ServingError.is(cause) ? cause : undefined
}

function baseOf(text: string, hasTls: boolean): string {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw invalid(`url is '${text}'; expected http://HOST:PORT or https://HOST:PORT`)
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid('url has a user name or password; send them as the header authorization')
  }
  if (url.search !== '' || url.hash !== '') throw invalid(`url '${text}' must not have a query or fragment`)
  if (hasTls && url.protocol === 'http:') throw invalid(`tls options need a url with https://, got '${text}'`)
  return url.origin + url.pathname.replace(/\/+$/, '')
}

/** Later ones win, however their names are written. */
function headersOf(...all: readonly (Readonly<Record<string, string>> | undefined)[]): Headers {
  const headers = new Headers()
  for (const [name, value] of all.flatMap(some => Object.entries(some ?? {}))) {
    try {
      headers.set(name, value)
    } catch (error) {
      throw new ServingError('INVALID_ARGUMENT', `header '${name}' cannot travel over HTTP`, { cause: error })
    }
  }
  return headers
}

/** `fetch` wraps what happened, sometimes in a list of one reason for each address it tried. */
function reasonOf(error: unknown): string {
  const { cause = error } = error as { readonly cause?: unknown }
  const { code, message } = cause as { readonly code?: unknown; readonly message?: unknown }
  const words = typeof message === 'string' && message !== '' ? message : ''
  if (typeof code !== 'string') return words === '' ? String(cause) : words
  return words === '' || words.includes(code) ? words || code : `${words} (${code})`
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
