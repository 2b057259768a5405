import { ServingError } from '../../errors/index.ts'
import { type ClientStream, type HeaderFields, HTTP2_CODE, type StreamListener } from '../http2/index.ts'
import { AnswerMessage, type PayloadOffset } from './answer-message.ts'
import type { MetadataFields, MethodHeaders } from './call-headers.ts'
import type { Connection, OpenSession, SessionWaiter } from './connection.ts'
import type { Deadlines, Expiring } from './deadlines.ts'
import { inflateAnswer } from './inflate-answer.ts'
import { decodeGrpcMessage } from './message-text.ts'
import { isNeverSent } from './never-sent.ts'
import { httpRefusal, statusRefusal } from './status.ts'
import { streamFailure } from './stream-failure.ts'
import { PREFIX_BYTES, prefixed } from './write-message.ts'

/** What all calls of a method share. */
export interface UnaryMethodParts {
  /** As the user wrote it, for messages. */
  readonly target: string
  readonly deadlines: Deadlines
  readonly maxResponseBytes: number
  readonly headers: MethodHeaders
  readonly payloadOffset: PayloadOffset | undefined
}

/** What one call is about. */
export interface UnaryCallParts<T> {
  readonly message: readonly Uint8Array[]
  readonly sizeBytes: number
  readonly metadata: MetadataFields | undefined
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  /** Its throw is that of the call. */
  readonly decode: (answer: Uint8Array) => T
  readonly resolve: (answer: T) => void
  readonly reject: (error: unknown) => void
}

/**
 * One unary call from its beginning to its end, which is decided once. A call that the server handed back unread is made
 * again, once.
 */
export class UnaryCall<T> implements Expiring, SessionWaiter, StreamListener {
  readonly expiresAtMs: number
  queueIndex = -1
  readonly #method: UnaryMethodParts
  readonly #call: UnaryCallParts<T>
  readonly #connection: Connection
  #session: OpenSession | undefined
  #stream: ClientStream | undefined
  #answer: AnswerMessage
  #encoding: string | undefined
  /** The server has said that all went well. */
  #isOk = false
  #isDecided = false
  #isRepeated = false

  constructor(method: UnaryMethodParts, call: UnaryCallParts<T>, connection: Connection) {
    this.#method = method
    this.#call = call
    this.#connection = connection
    this.#answer = new AnswerMessage(method.maxResponseBytes, method.payloadOffset)
    this.expiresAtMs = performance.now() + call.timeoutMs
  }

  start(): void {
    this.#method.deadlines.add(this)
    this.#call.signal?.addEventListener('abort', this)
    this.#connection.use(this)
  }

  onSession(session: OpenSession): void {
    const { timeoutMs, metadata, message, sizeBytes } = this.#call
    this.#session = session
    session.enter()
    const { headers } = this.#method
    this.#stream = session.http2.open(
      {
        fixed: headers.fixed,
        varying: headers.varying(timeoutMs, metadata),
        body: prefixed(message, sizeBytes),
        sizeBytes: PREFIX_BYTES + sizeBytes,
      },
      this,
    )
    this.#connection.retireAfter(session, session.http2.lastStreamId)
  }

  onNoSession(error: ServingError): void {
    this.#fail(error)
  }

  onDeadline(): void {
    this.#session?.suspect()
    const text = `the server did not answer within ${this.#call.timeoutMs} ms`
    this.#fail(new ServingError('DEADLINE_EXCEEDED', text))
  }

  /** The caller's signal has aborted. */
  handleEvent(): void {
    this.#fail(withdrawn(this.#call.signal!))
  }

  onResponse(fields: HeaderFields): void {
    if (fields.has('grpc-status')) {
      this.onTrailers(fields)
      return
    }
    const status = Number(fields.get(':status'))
    const contentType = fields.get('content-type')
    if (status !== 200 || contentType?.startsWith('application/grpc') !== true) {
      this.#fail(httpRefusal(status, contentType))
      return
    }
    this.#encoding = fields.get('grpc-encoding')
  }

  onData(bytes: Buffer): void {
    if (this.#isDecided) return
    try {
      this.#answer.add(bytes)
    } catch (error) {
      this.#fail(error)
    }
  }

  onTrailers(fields: HeaderFields): void {
    if (this.#isDecided) return
    const status = fields.get('grpc-status')
    if (status === undefined) return
    if (status === '0') {
      this.#isOk = true
      return
    }
    const text = decodeGrpcMessage(fields.get('grpc-message') ?? '')
    this.#fail(statusRefusal(Number(status), text, fields.get('grpc-retry-pushback-ms')))
  }

  onClosed(): void {
    if (this.#isDecided) return
    const stream = this.#stream!
    const session = this.#session!
    if (this.#isOk) {
      // The memory of a message is the caller's again with the answer, so nothing of it may wait to be sent.
      if (this.#answer.bytes !== undefined) stream.whenReleased(() => this.#succeed())
      else if (this.#answer.isEmpty)
        this.#fail(new ServingError('UNIMPLEMENTED', 'the server sent no message'))
      else this.#fail(new ServingError('INTERNAL', "the server's answer ends in the middle of a message"))
      return
    }
    const failure = streamFailure(stream, session, this.#method.target)
    if (isNeverSent(failure) && !this.#isRepeated) this.#repeat(session)
    else this.#fail(failure)
  }

  #repeat(session: OpenSession): void {
    this.#isRepeated = true
    this.#session = undefined
    this.#stream = undefined
    this.#answer = new AnswerMessage(this.#method.maxResponseBytes, this.#method.payloadOffset)
    session.leave()
    this.#connection.use(this)
  }

  #succeed(): void {
    if (this.#isDecided) return
    const { decode, resolve } = this.#call
    const bytes = this.#answer.bytes!
    const refuse = (error: unknown) => this.#call.reject(callFailure(error))
    this.#end()
    try {
      if (!this.#answer.isCompressed) resolve(decode(bytes))
      else
        inflateAnswer(this.#encoding, bytes, this.#method.maxResponseBytes).then(decode).then(resolve, refuse)
    } catch (error) {
      refuse(error)
    }
  }

  #fail(error: unknown): void {
    if (this.#isDecided) return
    this.#end()
    // Whoever still sends or is still to answer is told that nobody waits.
    if (this.#stream !== undefined) this.#session?.http2.reset(this.#stream, HTTP2_CODE.cancel)
    this.#call.reject(error)
  }

  #end(): void {
    this.#isDecided = true
    this.#method.deadlines.delete(this)
    this.#call.signal?.removeEventListener('abort', this)
    if (this.#session === undefined) this.#connection.leave(this)
    else this.#session.leave()
  }
}

export function withdrawn(signal: AbortSignal): ServingError {
  return new ServingError('CANCELLED', 'the call was withdrawn', { cause: signal.reason })
}

/** What was thrown on the way, in Millrace's words. */
export function callFailure(error: unknown): ServingError {
  return ServingError.from(error, 'the call failed for a reason that is not known')
}
