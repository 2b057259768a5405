import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2'
import { ServingError } from '../../errors/index.ts'
import { AnswerMessage, type PayloadOffset } from './answer-message.ts'
import type { MetadataFields, MethodHeaders } from './call-headers.ts'
import type { Connection, OpenSession, SessionWaiter } from './connection.ts'
import type { Deadlines, Expiring } from './deadlines.ts'
import { inflateAnswer } from './inflate-answer.ts'
import { decodeGrpcMessage } from './message-text.ts'
import { isNeverSent } from './never-sent.ts'
import { httpRefusal, statusRefusal } from './status.ts'
import { streamFailure } from './stream-failure.ts'
import { endWithMessage } from './write-message.ts'

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
export class UnaryCall<T> implements Expiring, SessionWaiter {
  readonly expiresAtMs: number
  queueIndex = -1
  readonly #method: UnaryMethodParts
  readonly #call: UnaryCallParts<T>
  readonly #connection: Connection
  #session: OpenSession | undefined
  #stream: ClientHttp2Stream | undefined
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
    let stream: ClientHttp2Stream
    try {
      stream = session.http2.request(this.#method.headers.of(timeoutMs, metadata), REQUEST_OPTIONS)
    } catch (error) {
      this.#fail(callFailure(error))
      return
    }
    this.#stream = stream
    // The end tells what it was.
    stream.on('error', ignore)
    stream.on('response', headers => this.#onResponse(headers))
    stream.on('data', (chunk: Buffer) => this.#onData(chunk))
    stream.on('trailers', (trailers: IncomingHttpHeaders) => this.#onStatus(trailers))
    stream.on('end', () => this.#onEnd(stream, session))
    stream.on('close', () => this.#conclude(stream, session))
    endWithMessage(stream, message, sizeBytes)
    this.#connection.retireAfter(session, stream.id)
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

  #onResponse(headers: IncomingHttpHeaders): void {
    if (headers['grpc-status'] !== undefined) {
      this.#onStatus(headers)
      return
    }
    const status = Number(headers[':status'])
    const contentType = headers['content-type']
    if (status !== 200 || contentType?.startsWith('application/grpc') !== true) {
      this.#fail(httpRefusal(status, contentType))
      return
    }
    const encoding = headers['grpc-encoding']
    if (encoding !== undefined) this.#encoding = String(encoding)
  }

  #onData(chunk: Buffer): void {
    if (this.#isDecided) return
    try {
      this.#answer.add(chunk)
    } catch (error) {
      this.#fail(error)
    }
  }

  #onStatus(fields: IncomingHttpHeaders): void {
    if (this.#isDecided) return
    const status = fields['grpc-status']
    if (status === undefined) return
    if (status === '0') {
      this.#isOk = true
      // What has come behind the last chunk's event is at hand with the end.
      if (this.#answer.bytes !== undefined) this.#succeedWhenSent()
      return
    }
    const text = decodeGrpcMessage(String(fields['grpc-message'] ?? ''))
    this.#fail(statusRefusal(Number(status), text, fields['grpc-retry-pushback-ms']?.toString()))
  }

  /** The memory of a message is the caller's again with the answer, so nothing of it may wait to be sent. */
  #succeedWhenSent(): void {
    if (this.#stream!.writableFinished) this.#succeed()
    else setImmediate(() => this.#stopSending())
  }

  /** The server may have read it all, and the socket not yet said so; else it has answered without. */
  #stopSending(): void {
    if (this.#isDecided) return
    const stream = this.#stream!
    if (!stream.writableFinished) stream.close(constants.NGHTTP2_CANCEL)
    this.#succeed()
  }

  /** A stream is not closed as long as it has something to send, whether or not anybody takes it. */
  #onEnd(stream: ClientHttp2Stream, session: OpenSession): void {
    if (this.#isDecided || stream.writableFinished) return
    setImmediate(() => {
      if (!this.#isDecided && this.#stream === stream) this.#conclude(stream, session)
    })
  }

  /** Nothing more will come. */
  #conclude(stream: ClientHttp2Stream, session: OpenSession): void {
    if (this.#isDecided || this.#stream !== stream) return
    if (this.#isOk) {
      if (this.#answer.bytes !== undefined) this.#succeed()
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
    if (this.#stream?.closed === false) this.#stream.close(constants.NGHTTP2_CANCEL)
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

const REQUEST_OPTIONS = { endStream: false }

export function withdrawn(signal: AbortSignal): ServingError {
  return new ServingError('CANCELLED', 'the call was withdrawn', { cause: signal.reason })
}

/** What was thrown on the way, in Millrace's words. */
export function callFailure(error: unknown): ServingError {
  return ServingError.from(error, 'the call failed for a reason that is not known')
}

function ignore(): void {}
