import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { constants } from 'node:http2'
import { ServingError } from '@millrace/sdk'
import type { ByteBudget } from '../../base/index.ts'
import type { AdmissionCheck, AdmissionHead, ClientCertificate } from '../admission-check.ts'
import type { DeadlineQueue, Expiring } from '../deadline-queue.ts'
import { freeMemory } from '../free-memory.ts'
import { clientCertificateOf } from '../tls/client-certificate.ts'
import { CallMemory } from './call-memory.ts'
import { parseGrpcTimeout } from './grpc-timeout.ts'
import type {
  GrpcCall,
  GrpcLimits,
  GrpcMessage,
  GrpcMethod,
  GrpcObservation,
  GrpcStatus,
} from './grpc-types.ts'
import {
  compressMessage,
  encodingOfFlagged,
  inflateMessage,
  type MessageEncoding,
  MIN_COMPRESSED_BYTES,
} from './message-encoding.ts'
import { type ReceivedMessage, tooLarge } from './message-reader.ts'
import { joinMessage, messageSizeBytes } from './message-writer.ts'
import { Trailers, toMetadata } from './metadata.ts'
import { CallResponse } from './response.ts'
import type { RunningCall, RunningCalls } from './running-calls.ts'

/** What all calls of a listener share. */
export interface CallEnvironment {
  readonly limits: GrpcLimits
  readonly budget: ByteBudget
  readonly running: RunningCalls
  readonly deadlines: DeadlineQueue
  readonly statusOf: (error: unknown) => GrpcStatus
  readonly onFinish: ((observation: GrpcObservation) => void) | undefined
}

/** A method with what its path says, split once. */
export interface Route {
  readonly service: string
  readonly name: string
  /** Nothing for the paths that are not served. */
  readonly method: GrpcMethod | undefined
  /** Decides about calls before their handler sees them; `undefined` where nothing does. */
  readonly check: AdmissionCheck | undefined
}

/** How long a client may take to fetch the status of a call that failed, before it is reset. */
const LINGER_MS = 10_000
const OK: GrpcStatus = { code: 0, message: '' }

/**
 * One call from its headers until its stream is closed. It is *decided* once, by `succeed` or
 * `fail`, whichever comes first; everything later is dropped. Its slot and its memory are given back
 * when the stream closes, so that an answer nobody fetches still counts.
 */
export class ServerCall implements GrpcCall, AdmissionHead, Expiring, RunningCall {
  readonly stream: ServerHttp2Stream
  readonly memory: CallMemory
  /** Called once when the call is decided, with what it failed with. */
  whenDecided: ((failure: unknown) => void) | undefined
  queueIndex = -1
  runningIndex = -1
  /** Memory of the request that nobody needs any more once the client has been sent the whole answer. */
  freedWhenSent: Uint8Array | undefined
  readonly #headers: IncomingHttpHeaders
  readonly #route: Route
  readonly #environment: CallEnvironment
  readonly #response: CallResponse
  readonly #isExempt: boolean
  readonly #startedAtMs = performance.now()
  #metadata: AdmissionHead['headers'] | undefined
  #controller: AbortController | undefined
  #trailers: Trailers | undefined
  #status: GrpcStatus | undefined
  #failure: unknown
  #timeoutMs = Number.POSITIVE_INFINITY
  #isTimeLimitSuspended = false
  #lingerTimer: NodeJS.Timeout | undefined
  #idleTimer: NodeJS.Timeout | undefined
  #messagesReceived = 0
  #messagesSent = 0
  /** How the client compresses, once it has sent a compressed message. */
  #encoding: MessageEncoding | undefined
  #answerEncoding: MessageEncoding | undefined
  #continueSending: (() => void) | undefined

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    route: Route,
    environment: CallEnvironment,
  ) {
    this.stream = stream
    this.#headers = headers
    this.#route = route
    this.#environment = environment
    this.#isExempt = route.method?.isExemptFromLimits === true
    this.memory = new CallMemory(environment.budget, this.#isExempt)
    this.#response = new CallResponse(stream)
    stream.on('close', () => this.#close())
  }

  get headers(): AdmissionHead['headers'] {
    this.#metadata ??= toMetadata(this.#headers)
    return this.#metadata
  }

  get remoteAddress(): string {
    return this.stream.session?.socket.remoteAddress ?? ''
  }

  get clientCertificate(): ClientCertificate | undefined {
    const socket = this.stream.session?.socket
    return socket === undefined ? undefined : clientCertificateOf(socket)
  }

  get deadlineMs(): number {
    return Date.now() + this.expiresAtMs - performance.now()
  }

  get expiresAtMs(): number {
    return this.#startedAtMs + this.#timeoutMs
  }

  /** Made when a handler first asks: most calls are over before anybody could want to stop them. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#failure !== undefined) this.#controller.abort(this.#failure)
    }
    return this.#controller.signal
  }

  setTrailer(name: string, value: string): void {
    this.#trailers ??= new Trailers()
    this.#trailers.set(name, value)
  }

  addTrailers(fields: readonly (readonly [name: string, value: string])[]): void {
    this.#trailers ??= new Trailers()
    this.#trailers.added = fields
  }

  get isDecided(): boolean {
    return this.#status !== undefined
  }

  /**
   * Starts the clocks and takes a slot.
   * @throws ServingError when the deadline cannot be read or all slots are taken
   */
  admit(method: GrpcMethod): void {
    const { limits, running, deadlines } = this.#environment
    const header = this.#headers['grpc-timeout']
    if (typeof header === 'string') this.#timeoutMs = parseGrpcTimeout(header)
    running.enter(this, this.#isExempt)
    if (method.kind === 'unary') {
      this.#timeoutMs = Math.min(this.#timeoutMs, limits.requestTimeoutMs)
    } else if (!this.#isExempt) {
      // A health watch, which is exempt, is silent for as long as nothing changes.
      const { streamIdleTimeoutMs } = limits
      this.#idleTimer = setTimeout(() => this.#expire(idle(streamIdleTimeoutMs)), streamIdleTimeoutMs)
    }
    deadlines.add(this)
  }

  /** From now on only a deadline of the client's ends the call: its handler has a time limit of its own. */
  suspendTimeLimit(): void {
    this.#isTimeLimitSuspended = true
    this.#limitTime(Number.POSITIVE_INFINITY)
  }

  /** The handler is done: for what remains the listener's limit counts again, from its beginning. */
  resumeTimeLimit(): void {
    if (!this.#isTimeLimitSuspended || this.isDecided) return
    this.#isTimeLimitSuspended = false
    this.#limitTime(performance.now() - this.#startedAtMs + this.#environment.limits.requestTimeoutMs)
  }

  #limitTime(limitMs: number): void {
    const { deadlines } = this.#environment
    const header = this.#headers['grpc-timeout']
    const askedMs = typeof header === 'string' ? parseGrpcTimeout(header) : Number.POSITIVE_INFINITY
    // The queue must not see it change.
    deadlines.delete(this)
    this.#timeoutMs = Math.min(askedMs, limitMs)
    deadlines.add(this)
  }

  /** The message as the handler gets it, decompressed if it must be. */
  open(message: ReceivedMessage): Uint8Array | Promise<Uint8Array> {
    this.#messagesReceived++
    this.#idleTimer?.refresh()
    return message.isCompressed ? this.#inflate(message.bytes) : message.bytes
  }

  async #inflate(compressed: Buffer): Promise<Uint8Array> {
    const header = this.#headers['grpc-encoding']
    this.#encoding = encodingOfFlagged(typeof header === 'string' ? header : undefined)
    const message = await inflateMessage(this.#encoding, compressed, {
      maxMessageBytes: this.#environment.limits.maxMessageBytes,
      memory: this.memory,
      alignAt: this.#route.method?.alignAt,
    })
    this.memory.release(compressed.length)
    return message
  }

  /**
   * Sends a message. Its memory must not change until then.
   * @returns a promise when the caller should wait before it sends more: it settles when the client
   * has caught up or the call is decided
   * @throws ServingError RESOURCE_EXHAUSTED for a message over the limit
   */
  send(message: GrpcMessage): Promise<void> | undefined {
    // Late results are dropped.
    if (this.isDecided) return undefined
    // The stream may be gone before its `close` event has told us.
    if (this.stream.destroyed || this.stream.closed) throw gone()
    const sizeBytes = messageSizeBytes(message)
    const { maxMessageBytes } = this.#environment.limits
    if (sizeBytes > maxMessageBytes) throw tooLarge(sizeBytes, maxMessageBytes)
    if (!this.#response.isStarted) {
      this.#answerEncoding = this.#acceptedEncoding()
      this.#response.start(this.#answerEncoding)
    }
    if (this.#answerEncoding !== undefined && sizeBytes >= MIN_COMPRESSED_BYTES) {
      return this.#sendCompressed(this.#answerEncoding, message)
    }
    return this.#write(message, sizeBytes, false)
  }

  async #sendCompressed(encoding: MessageEncoding, message: GrpcMessage): Promise<void> {
    const compressed = await compressMessage(encoding, joinMessage(message))
    if (!this.isDecided) await this.#write(compressed, compressed.length, true)
  }

  #write(message: GrpcMessage, sizeBytes: number, isCompressed: boolean): Promise<void> | undefined {
    this.#messagesSent++
    this.#idleTimer?.refresh()
    if (this.#response.write(message, sizeBytes, isCompressed)) return undefined
    return new Promise(resolve => {
      this.#continueSending = resolve
      this.stream.once('drain', resolve)
    })
  }

  /** A client that compresses gets compressed answers, if it says that it can read them. */
  #acceptedEncoding(): MessageEncoding | undefined {
    if (this.#encoding === undefined) return undefined
    const accepted = String(this.#headers['grpc-accept-encoding'] ?? '')
    return accepted.split(',').some(name => name.trim() === this.#encoding) ? this.#encoding : undefined
  }

  succeed(): void {
    if (this.isDecided) return
    this.#decide(OK, undefined)
    this.#response.end(OK, this.#trailers?.entries())
  }

  /** Ends the call with the status of `error`, at once, whatever its handler is doing. */
  fail(error: unknown): void {
    if (this.isDecided) return
    const status = this.#environment.statusOf(error)
    // Some throw nothing, and yet something has failed.
    this.#decide(status, error ?? new ServingError('INTERNAL', 'the handler failed without an error'))
    clearTimeout(this.#idleTimer)
    this.#environment.deadlines.delete(this)
    this.#lingerTimer = setTimeout(() => this.#reset(), LINGER_MS)
    const trailers = [...(this.#trailers?.entries() ?? [])]
    if (ServingError.is(error) && error.retryAfterMs !== undefined) {
      // https://github.com/grpc/proposal/blob/master/A6-client-retries.md#pushback
      trailers.push(['grpc-retry-pushback-ms', String(Math.ceil(error.retryAfterMs))])
    }
    this.#response.end(status, trailers)
    this.#controller?.abort(this.#failure)
  }

  /** The client has gone. */
  cancel(): void {
    this.fail(gone())
  }

  #decide(status: GrpcStatus, failure: unknown): void {
    this.#status = status
    this.#failure = failure
    this.whenDecided?.(failure)
    this.#continueSending?.()
  }

  onDeadline(): void {
    this.#expire(late(this.#timeoutMs))
  }

  /** Time is up: for the handler, or for a client that does not fetch what the handler made. */
  #expire(error: ServingError): void {
    const isTooSlowAClient = this.isDecided
    if (isTooSlowAClient) this.#status = this.#environment.statusOf(error)
    else this.fail(error)
    // The status can only follow what was sent before, and nobody knows when that will be.
    if (isTooSlowAClient || this.#response.isBlocked) this.#reset()
  }

  #reset(): void {
    this.stream.close(constants.NGHTTP2_CANCEL)
    // Frees the memory even if the socket takes nothing any more, not even the reset.
    this.stream.destroy()
  }

  #close(): void {
    if (!this.isDecided) this.cancel()
    clearTimeout(this.#idleTimer)
    clearTimeout(this.#lingerTimer)
    const { onFinish, running, deadlines, statusOf } = this.#environment
    deadlines.delete(this)
    this.memory.close()
    running.leave(this, this.#isExempt)
    if (this.freedWhenSent !== undefined && this.#status === OK && this.stream.writableFinished)
      freeMemory(this.freedWhenSent)
    if (onFinish === undefined) return
    const isAnswerLost = this.#status === OK && !this.#response.isComplete
    onFinish({
      service: this.#route.service,
      method: this.#route.name,
      kind: this.#route.method?.kind ?? 'unary',
      code: isAnswerLost ? statusOf(gone()).code : (this.#status ?? OK).code,
      durationMs: performance.now() - this.#startedAtMs,
      messagesReceived: this.#messagesReceived,
      messagesSent: this.#messagesSent,
    })
  }
}

function gone(): ServingError {
  return new ServingError('CANCELLED', 'the client cancelled the call or went away')
}

function late(timeoutMs: number): ServingError {
  return new ServingError('DEADLINE_EXCEEDED', `the call was not answered within ${timeoutMs} ms`)
}

function idle(timeoutMs: number): ServingError {
  return new ServingError('DEADLINE_EXCEEDED', `no message went either way for ${timeoutMs} ms`)
}
