import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServingError } from '@millrace/sdk'
import type { AdmissionCheck } from '../admission-check.ts'
import type { DeadlineQueue, Expiring } from '../deadline-queue.ts'
import type { Admission } from './admission.ts'
import { askFirst } from './ask-first.ts'
import type { Connection, OpenExchange } from './connection.ts'
import type { Cors } from './cors.ts'
import type { HttpListenerOptions, HttpResponse, HttpRoute } from './http-types.ts'
import type { IncomingRequest } from './incoming-request.ts'
import { listenerErrors } from './listener-errors.ts'
import type { RequestHead } from './request-head.ts'
import { discard, Responder } from './responder.ts'
import { type ResponseObserver, ResponseWriter } from './response-writer.ts'

/** What all exchanges of one listener share. */
export interface ExchangeContext {
  readonly options: HttpListenerOptions
  readonly toErrorResponse: (error: unknown) => HttpResponse
  readonly admission: Admission
  readonly deadlines: DeadlineQueue
  /** `undefined`: no CORS headers. */
  readonly cors: Cors | undefined
}

/**
 * HANDLING: nothing of the response has been sent. ANSWERING: its headers have. DONE: it has been
 * written, or the client is gone.
 */
type Phase = 'HANDLING' | 'ANSWERING' | 'DONE'

/**
 * One request and its response.
 *
 * It holds its place among the running requests, and its body's bytes, until the response is
 * written and the handler has settled: a client that hangs up does not make room while its work still
 * goes on. A handler that does not settle loses both at the deadline all the same, or a handful of them
 * would stop the server for good; from then on its work is outside the limits, and its outcome is dropped.
 */
export class Exchange implements OpenExchange, ResponseObserver, Expiring {
  readonly writer: ResponseWriter
  queueIndex = -1
  readonly #context: ExchangeContext
  readonly #connection: Connection
  readonly #message: IncomingMessage
  readonly #head: RequestHead
  readonly #responder: Responder
  readonly #startedMs = performance.now()
  #expiresAtMs: number
  #request: IncomingRequest | undefined
  #phase: Phase = 'HANDLING'
  #status = 0
  #hasPlace = false
  #hasOwnTimeLimit = false
  #isHandlerRunning = false
  #isGivenUp = false
  #isBodyDone = false

  constructor(
    context: ExchangeContext,
    connection: Connection,
    message: IncomingMessage,
    response: ServerResponse,
    head: RequestHead,
  ) {
    const { limits, isCompressionEnabled, onStart } = context.options
    this.#context = context
    this.#connection = connection
    this.#message = message
    this.#head = head
    this.#expiresAtMs = this.#startedMs + limits.requestTimeoutMs
    this.writer = new ResponseWriter(connection, message, response, head, limits.requestTimeoutMs, this)
    this.writer.corsHeaders = context.cors?.headersFor(message.headers.origin)
    this.#responder = new Responder(this.writer, message, isCompressionEnabled)
    connection.add(this)
    onStart?.(head.method)
  }

  get expiresAtMs(): number {
    return this.#expiresAtMs
  }

  get isRequestComplete(): boolean {
    return this.#message.complete
  }

  /** Answers without a handler. */
  refuse(error: ServingError): void {
    this.#fail(error)
  }

  /** Answers a preflight request, which has no handler. */
  answerPreflight(cors: Cors): void {
    try {
      this.#onResponse(cors.preflight(this.#message.headers))
    } catch (error) {
      this.#onFailure(error)
    }
  }

  /**
   * Asks the handler, after `check` if there is one. The exchange gives back the place that it was admitted to, if
   * its route needs one.
   */
  handle(route: HttpRoute, request: IncomingRequest, check: AdmissionCheck | undefined): void {
    this.#request = request
    this.#hasPlace = route.isExemptFromLimits !== true
    this.#hasOwnTimeLimit = route.hasOwnTimeLimit === true
    try {
      const result = check === undefined ? route.handle(request) : askFirst(check, request, route.handle)
      if (!('then' in result)) {
        this.#onResponse(result)
        return
      }
      this.#waitForHandler()
      result.then(
        response => this.#onResponse(response),
        (error: unknown) => this.#onFailure(error),
      )
    } catch (error) {
      this.#onFailure(error)
    }
  }

  onBodyBroken(error: ServingError): void {
    this.writer.isBodyBroken = true
    this.#request?.abort(error)
  }

  onConnectionClosed(): void {
    const error = listenerErrors.clientGone()
    const wasAnswering = this.#phase === 'ANSWERING'
    if (!wasAnswering) this.#status = this.#context.toErrorResponse(error).status
    this.#phase = 'DONE'
    this.#responder.abandon()
    this.#request?.abort(error)
    this.#onDone()
    // What runs on without a client keeps its place, and loses it at a deadline like any other.
    if (this.#isHandlerRunning && (wasAnswering || this.#hasOwnTimeLimit)) this.#renewDeadline()
  }

  giveUp(error: ServingError): void {
    this.#isGivenUp = true
    this.#isHandlerRunning = false
    this.#responder.abandon()
    this.#request?.abort(error)
    if (this.#phase === 'HANDLING') this.#fail(error)
    else if (this.#phase === 'ANSWERING') this.writer.destroy()
    this.#releaseWhenOver()
  }

  onBegun(status: number): void {
    this.#status = status
    this.#phase = 'ANSWERING'
    this.#context.deadlines.delete(this)
  }

  onWritten(): void {
    // The socket may have closed while the last bytes were on their way.
    if (this.#phase === 'DONE') return
    this.#phase = 'DONE'
    this.#onDone()
    if (this.#isBodyDone && this.writer.isFlushed) this.#request?.freeBody()
  }

  onDeadline(): void {
    const { requestTimeoutMs } = this.#context.options.limits
    const isBodyLate = this.#request?.isReadingBody === true
    if (this.#hasOwnTimeLimit && !isBodyLate && this.#phase === 'HANDLING') return
    if (isBodyLate) this.writer.mustClose = true
    this.giveUp(
      isBodyLate
        ? listenerErrors.bodyTooSlow(requestTimeoutMs)
        : listenerErrors.deadlinePassed(requestTimeoutMs),
    )
  }

  #onResponse(response: HttpResponse): void {
    if (this.#phase !== 'HANDLING') {
      discard(response)
      this.#onSettled()
      return
    }
    try {
      this.#isBodyDone = response.isRequestBodyDone === true
      const rest = this.#responder.send(response)
      if (rest === undefined) {
        this.#onSettled()
        return
      }
      this.#waitForHandler()
      rest.then(
        () => this.#onSettled(),
        (error: unknown) => this.#onFailure(error),
      )
    } catch (error) {
      this.#onFailure(error)
    }
  }

  #onFailure(error: unknown): void {
    if (this.#phase === 'HANDLING') this.#fail(error)
    // Once the headers are out, a response that breaks off is the only sign left.
    else if (this.#phase === 'ANSWERING' && !this.#isGivenUp) this.writer.destroy()
    this.#onSettled()
  }

  #fail(error: unknown): void {
    this.#isBodyDone = false
    try {
      this.#responder.sendInstead(this.#context.toErrorResponse(error))
    } catch {
      // The error response is not valid either: a connection that breaks off is all that is left.
      this.writer.destroy()
    }
  }

  /** The response has been written, or never will be. */
  #onDone(): void {
    const { method, path, route } = this.#head
    const { onFinish } = this.#context.options
    this.#connection.remove(this)
    if (onFinish !== undefined) {
      const durationMs = performance.now() - this.#startedMs
      onFinish({ method, route: route?.path, path, status: this.#status, durationMs })
    }
    this.#releaseWhenOver()
  }

  /** The handler has returned or thrown, and its response has been taken as far as it goes. */
  #onSettled(): void {
    this.#isHandlerRunning = false
    this.#releaseWhenOver()
  }

  #releaseWhenOver(): void {
    if (this.#phase !== 'DONE' || this.#isHandlerRunning) return
    this.#context.deadlines.delete(this)
    this.#request?.releaseBody()
    if (!this.#hasPlace) return
    this.#hasPlace = false
    this.#context.admission.leave()
  }

  #waitForHandler(): void {
    this.#isHandlerRunning = true
    if (this.#phase === 'HANDLING') this.#context.deadlines.add(this)
  }

  #renewDeadline(): void {
    // The queue must not see it change.
    this.#context.deadlines.delete(this)
    this.#expiresAtMs = performance.now() + this.#context.options.limits.requestTimeoutMs
    this.#context.deadlines.add(this)
  }
}
