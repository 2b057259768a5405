import type { IncomingMessage } from 'node:http'
import type { ServingError } from '@millrace/sdk'
import type { AdmissionHead, ClientCertificate } from '../admission-check.ts'
import { clientCertificateOf } from '../tls/client-certificate.ts'
import { type BodyLimits, BodyReader, tolerateNobodyWaiting } from './body-reader.ts'
import { parseContentEncoding } from './content-encoding.ts'
import type { HttpRequest } from './http-types.ts'
import type { RequestHead } from './request-head.ts'
import { queryOf } from './request-target.ts'

/** What a handler sees of a request. What it does not ask for (query, signal, body) is never made. */
export class IncomingRequest implements HttpRequest, AdmissionHead {
  readonly method: string
  readonly path: string
  readonly params: HttpRequest['params']
  readonly #message: IncomingMessage
  readonly #head: RequestHead
  readonly #bodyLimits: BodyLimits
  readonly #expiresAtMs: number
  readonly #sendContinue: (() => void) | undefined
  #query: URLSearchParams | undefined
  #controller: AbortController | undefined
  #abortReason: ServingError | undefined
  #body: Promise<Uint8Array> | undefined
  #reader: BodyReader | undefined

  /**
   * @param expiresAtMs on the clock of `performance.now()`
   * @param sendContinue tells a client that waits for it to send the body (`Expect: 100-continue`)
   */
  constructor(
    message: IncomingMessage,
    head: RequestHead,
    params: HttpRequest['params'],
    bodyLimits: BodyLimits,
    expiresAtMs: number,
    sendContinue: (() => void) | undefined,
  ) {
    this.#message = message
    this.#head = head
    this.#bodyLimits = bodyLimits
    this.#expiresAtMs = expiresAtMs
    this.#sendContinue = sendContinue
    this.method = head.method
    this.path = head.path
    this.params = params
  }

  get deadlineMs(): number {
    return Date.now() + this.#expiresAtMs - performance.now()
  }

  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(queryOf(this.#message.url ?? ''))
    return this.#query
  }

  get headers(): AdmissionHead['headers'] {
    // The listener lets Node join repeated headers; only `set-cookie`, which no request has, would be a list.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return this.#message.headers as AdmissionHead['headers']
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason)
    }
    return this.#controller.signal
  }

  body(alignAt = 0): Promise<Uint8Array> {
    this.#body ??= this.#read(alignAt)
    return this.#body
  }

  /** True while a handler waits for the client's bytes. */
  get isReadingBody(): boolean {
    return this.#reader?.isPending === true
  }

  /** Aborts the signal, and the body unless it has been read. Only the first reason counts. */
  abort(reason: ServingError): void {
    if (this.#abortReason !== undefined) return
    this.#abortReason = reason
    this.#reader?.fail(reason)
    this.#controller?.abort(reason)
  }

  /** @throws what the request was aborted with, if it was */
  throwIfAborted(): void {
    if (this.#abortReason !== undefined) throw this.#abortReason
  }

  get remoteAddress(): string {
    return this.#message.socket.remoteAddress ?? ''
  }

  get clientCertificate(): ClientCertificate | undefined {
    return clientCertificateOf(this.#message.socket)
  }

  /** Returns the body's bytes to the budget. */
  releaseBody(): void {
    this.#reader?.release()
  }

  /** Frees the body's memory, for a handler that has said that nobody needs it any more. */
  freeBody(): void {
    this.#reader?.free()
  }

  #read(alignAt: number): Promise<Uint8Array> {
    if (this.#abortReason !== undefined) return rejected(this.#abortReason)
    const { lengthBytes } = this.#head
    if (lengthBytes === 0) return Promise.resolve(new Uint8Array(0))
    try {
      const compression = parseContentEncoding(this.#message.headers['content-encoding'])
      this.#reader = new BodyReader(this.#message, lengthBytes, compression, alignAt, this.#bodyLimits)
    } catch (error) {
      return rejected(error)
    }
    if (this.#reader.isPending) this.#sendContinue?.()
    return this.#reader.bytes
  }
}

/** A rejection that does not end the process when the handler has stopped waiting for it. */
function rejected(reason: unknown): Promise<never> {
  const promise = Promise.reject(reason)
  tolerateNobodyWaiting(promise)
  return promise
}
