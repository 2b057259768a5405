import type { CorsSettings } from '../../base/index.ts'
import type { AdmissionCheck } from '../admission-check.ts'
import type { TlsListenerOptions } from '../tls/tls-types.ts'
import type { HandOver } from './handed-over.ts'

/** What the HTTP listener and its handlers exchange. Nothing here knows what is served. */

export interface HttpRequest {
  readonly method: string
  /** Path as it came, without the query. */
  readonly path: string
  /** Values of the route's `:name` segments, percent-decoded. */
  readonly params: Readonly<{ [name: string]: string }>
  readonly query: URLSearchParams
  /** Names in lower case; repeated headers are joined with `, `. */
  readonly headers: Readonly<{ [name: string]: string }>
  /** Aborted when the client goes away, the deadline passes, or the listener gives up draining. */
  readonly signal: AbortSignal
  /** When the response must be there, in milliseconds since the epoch; unless the handler has a time limit of its own. */
  readonly deadlineMs: number
  /**
   * Reads the whole body, decompressed (`gzip`, `deflate`), within the listener's limits.
   * @param alignAt offset of the byte that should lie at a multiple of 8 in memory, so that a typed
   * array can be laid over what follows without a copy; default 0
   * @throws ServingError RESOURCE_EXHAUSTED (413) over the limit, UNIMPLEMENTED (415) for another
   * encoding, INVALID_ARGUMENT for a body that cannot be decompressed, CANCELLED when the client
   * stops sending, DEADLINE_EXCEEDED (408) when it is too slow.
   */
  body(alignAt?: number): Promise<Uint8Array>
}

/**
 * One piece, pieces written one after the other without joining them, or a stream flushed piece by piece.
 * A stream that fails before its first piece gives an error response, later it breaks the response off; it
 * is told to `return` when the client leaves.
 */
export type HttpBody = Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array>

export interface HttpResponse {
  readonly status: number
  /** Length, transfer encoding and connection are the listener's to say; they are dropped here. */
  readonly headers?: Readonly<{ [name: string]: string }>
  readonly body?: HttpBody | undefined
  /**
   * The handler and all that it called are done with the request's body, but for what this response shows of it:
   * once that has been written, the body's memory is freed, and arrays that still lie over it become empty. When
   * the response cannot be written as a whole, and by default, the memory is left to the collector.
   */
  readonly isRequestBodyDone?: boolean | undefined
}

export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>

export interface HttpRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Pattern with `:name` segments, e.g. `/v2/models/:model/infer`. */
  readonly path: string
  readonly handle: HttpHandler
  /** Answered even when the listener is at its limit of concurrent requests: health checks. */
  readonly isExemptFromLimits?: boolean
  /**
   * True for work that has a time limit of its own: once the body has arrived, `requestTimeoutMs` ends neither the
   * handler nor its signal; a client that leaves does. Such a handler is asynchronous, and reads the body first.
   */
  readonly hasOwnTimeLimit?: boolean
}

export interface HttpLimits {
  /** Largest body, on the wire and decompressed. */
  readonly maxBodyBytes: number
  /** Largest request line and headers together. */
  readonly maxHeaderBytes: number
  /**
   * Requests being answered at once; more are refused with 503 and `Retry-After`. A handler that does not
   * settle keeps its place until its deadline.
   */
  readonly maxConcurrentRequests: number
  /** Bytes of request bodies held at once over all requests; more are refused with 503 and `Retry-After`. */
  readonly maxInFlightBytes: number
  readonly maxConnections: number
  /**
   * From the end of the headers (which have a time of their own) until the response has begun. A client
   * that reads nothing of its response for as long is cut off.
   */
  readonly requestTimeoutMs: number
  /** How long a client may take to send its headers. */
  readonly headersTimeoutMs: number
  /** How long an idle connection is kept. */
  readonly keepAliveTimeoutMs: number
}

/** One finished exchange, for metrics and access logs. */
export interface HttpObservation {
  readonly method: string
  /** The route's pattern, or `undefined` when no route matched. */
  readonly route: string | undefined
  readonly path: string
  readonly status: number
  readonly durationMs: number
}

export interface HttpListenerOptions {
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  readonly limits: HttpLimits
  readonly routes: readonly HttpRoute[]
  /**
   * Routes that come and go, as they are now; asked for each request whose path none of `routes` has. The same
   * array means that nothing has changed: make a new one to change them, of different methods and patterns.
   */
  readonly changingRoutes?: (() => readonly HttpRoute[]) | undefined
  /** Who answers other paths in its own way. Default: nobody. */
  readonly handOver?: HandOver | undefined
  /** Turns whatever a handler or the listener throws into the response that the protocol wants. */
  readonly toErrorResponse: (error: unknown) => HttpResponse
  /** Compress response bodies of at least 500 bytes when the client accepts it. */
  readonly isCompressionEnabled: boolean
  /** Default: no TLS. */
  readonly tls?: TlsListenerOptions | undefined
  /** Which web pages of other origins may call; default none, and no header says anything about it. */
  readonly cors?: CorsSettings | undefined
  /** Asked once for each route: what decides about its requests before they reach the handler, or `null`. */
  readonly admissionOf?: ((route: HttpRoute) => AdmissionCheck | null) | undefined
  readonly onStart?: ((method: string) => void) | undefined
  readonly onFinish?: ((observation: HttpObservation) => void) | undefined
}

/** A listening port that can be drained. */
export interface Listener {
  /** The path of a Unix socket, whose port is 0. */
  readonly host: string
  readonly port: number
  /** True with TLS. */
  readonly isSecure: boolean
  /**
   * Refuses new work, lets what is running finish for at most `graceMs`, then aborts it.
   * Resolves when no socket is open. Idempotent; a later call may shorten the grace.
   */
  close(graceMs: number): Promise<void>
}
