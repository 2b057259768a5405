import type { AdmissionCheck } from '../admission-check.ts'
import type { TlsListenerOptions } from '../tls/tls-types.ts'
import type { UnixSocket } from '../unix-socket.ts'

/** What the gRPC listener and its handlers exchange: bytes in, bytes out. No gRPC library shows here. */

export interface GrpcCall {
  /** Request metadata; names in lower case, binary (`-bin`) values left in base64. */
  readonly headers: Readonly<{ [name: string]: string }>
  /** Aborted when the client cancels or goes away, the deadline passes, or the listener gives up draining. */
  readonly signal: AbortSignal
  /** The client's deadline or the listener's, whichever is earlier, in milliseconds since the epoch. */
  readonly deadlineMs: number
  /** Sets trailing metadata. Names are lower-cased; values must be printable ASCII. */
  setTrailer(name: string, value: string): void
  /**
   * Adds trailing metadata that was checked when it was made: names in lower case, values printable ASCII. In
   * place of what was added so before; it gives way to what {@link setTrailer} sets.
   */
  addTrailers(fields: readonly (readonly [name: string, value: string])[]): void
}

/** An encoded message; pieces are written one after the other without joining them. */
export type GrpcMessage = Uint8Array | readonly Uint8Array[]

/**
 * The message is the handler's, but it may be a view of memory that holds other messages too: copy
 * it before you transfer its `buffer` to a worker, unless the message is nearly all of it.
 */
export type GrpcUnaryHandler = (message: Uint8Array, call: GrpcCall) => GrpcMessage | Promise<GrpcMessage>

/**
 * Reads messages as they come and yields answers. Iterating stops reading from the socket while a
 * message is being worked on; yielding waits while the client does not read. A message counts as in
 * flight until the next one is asked for. When the call ends otherwise, reading throws what `signal`
 * has as its reason, and the iterable that was returned is told to `return`.
 */
export type GrpcStreamHandler = (
  messages: AsyncIterable<Uint8Array>,
  call: GrpcCall,
) => AsyncIterable<GrpcMessage>

interface GrpcMethodCommon {
  /**
   * Offset within a message of the byte that should lie at a multiple of 8 in memory, so that a
   * typed array can be laid over it without a copy. Called with the first bytes of a message that is
   * larger than those; -1 for "any".
   */
  readonly alignAt?: (head: Uint8Array) => number
  /**
   * Answered even when the listener is at its limit of concurrent calls or of bytes in flight: health
   * checks. Such a call may hold 64 KiB of its own, and such a stream may be silent.
   */
  readonly isExemptFromLimits?: boolean
}

export interface GrpcUnaryMethod extends GrpcMethodCommon {
  readonly kind: 'unary'
  readonly handle: GrpcUnaryHandler
  /**
   * Once a handler has answered, it and all that it called are done with the request, but for what the answer shows
   * of it: when that has been sent, a request that has memory of its own loses it, and arrays that still lie over
   * it become empty. A call that fails, and by default every call, leaves its memory to the collector.
   */
  readonly isRequestDone?: boolean
  /**
   * True for work that has a time limit of its own: while the handler works the listener's does not end it, only a
   * deadline of the client's does. Such a handler is asynchronous.
   */
  readonly hasOwnTimeLimit?: boolean
}

export interface GrpcStreamMethod extends GrpcMethodCommon {
  readonly kind: 'stream'
  readonly handle: GrpcStreamHandler
}

export type GrpcMethod = GrpcUnaryMethod | GrpcStreamMethod

/** https://grpc.io/docs/guides/status-codes/ */
export interface GrpcStatus {
  readonly code: number
  readonly message: string
}

export interface GrpcLimits {
  /** Largest message received or sent, after decompression. */
  readonly maxMessageBytes: number
  readonly maxHeaderBytes: number
  /** Calls being answered at once over all connections; more end with RESOURCE_EXHAUSTED. */
  readonly maxConcurrentCalls: number
  /** Calls open at once on one connection (HTTP/2 SETTINGS_MAX_CONCURRENT_STREAMS). */
  readonly maxConcurrentStreams: number
  /** Bytes of request messages held at once over all calls; more end with RESOURCE_EXHAUSTED. */
  readonly maxInFlightBytes: number
  readonly maxConnections: number
  /**
   * How long a unary call may take, until the client has its answer, without a shorter deadline of the
   * client's. Streams only have the client's.
   */
  readonly requestTimeoutMs: number
  /** How long a stream may stay without a message in either direction. */
  readonly streamIdleTimeoutMs: number
}

/**
 * One finished call, for metrics and access logs. Calls of methods that are not served are observed
 * as `unknown` `unknown`; requests that are not gRPC (HTTP 405, 415) are not observed.
 */
export interface GrpcObservation {
  readonly service: string
  readonly method: string
  readonly kind: GrpcMethod['kind']
  readonly code: number
  readonly durationMs: number
  readonly messagesReceived: number
  readonly messagesSent: number
}

export interface GrpcListenerOptions {
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  /** Listens here in place of host and port. */
  readonly socket?: UnixSocket | undefined
  readonly limits: GrpcLimits
  /** Methods by full path, e.g. `/inference.GRPCInferenceService/ModelInfer`. */
  readonly methods: ReadonlyMap<string, GrpcMethod>
  /** Default: no TLS. */
  readonly tls?: TlsListenerOptions | undefined
  /** Asked once for each method's path: what decides about its calls before they reach the handler, or `null`. */
  readonly admissionOf?: ((path: string) => AdmissionCheck | null) | undefined
  /** Turns whatever a handler or the listener throws into a status. */
  readonly toStatus: (error: unknown) => GrpcStatus
  readonly onStart?: ((service: string, method: string, kind: GrpcMethod['kind']) => void) | undefined
  readonly onFinish?: ((observation: GrpcObservation) => void) | undefined
}
