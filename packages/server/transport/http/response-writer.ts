import { Buffer } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Connection } from './connection.ts'
import { withCorsHeaders } from './cors.ts'
import type { HttpResponse } from './http-types.ts'
import { closeLingering } from './lingering-close.ts'
import type { RequestHead } from './request-head.ts'
import { type Framing, responseHead } from './response-head.ts'
import type { ResponseStream } from './response-stream.ts'

/** The rest of a body that nobody wants is read away up to this size, to keep the connection. */
const DISCARDED_BYTES = 64 * 1024

/** A body up to this size is copied to its headers, which is cheaper than a second piece for the socket. */
const MAX_JOINED_BYTES = 4096

export interface ResponseObserver {
  /** The headers have been sent. */
  onBegun(status: number): void
  /** The operating system has taken everything. */
  onWritten(): void
}

/** Puts one response on the wire, and leaves the connection ready for the next request or closed. */
export class ResponseWriter {
  /** Set when the connection shall not serve another request. */
  mustClose = false
  /** Set when no more of the request's body will come, although it is not complete. */
  isBodyBroken = false
  /** Set while a client waits for `100 Continue` before it sends its body. */
  isContinueOwed = false
  /** What CORS adds to every response; `undefined` where it is switched off. */
  corsHeaders: Readonly<{ [name: string]: string }> | undefined
  readonly #connection: Connection
  readonly #message: IncomingMessage
  readonly #response: ServerResponse
  readonly #head: RequestHead
  readonly #stallMs: number
  readonly #observer: ResponseObserver
  #isLingering = false

  /** @param stallMs a client that reads nothing of its response for so long is cut off */
  constructor(
    connection: Connection,
    message: IncomingMessage,
    response: ServerResponse,
    head: RequestHead,
    stallMs: number,
    observer: ResponseObserver,
  ) {
    this.#connection = connection
    this.#message = message
    this.#response = response
    this.#head = head
    this.#stallMs = stallMs
    this.#observer = observer
  }

  /** False while bytes of the response may still be on their way although it counts as written. */
  get isFlushed(): boolean {
    return this.#response.writableFinished
  }

  sendContinue(): void {
    this.isContinueOwed = false
    this.#response.writeContinue()
  }

  /** Sends status and headers. When it throws, because one of them is not valid, nothing has been sent. */
  begin(status: number, headers: HttpResponse['headers'], framing: Framing): void {
    const isBodyUnread = this.#head.lengthBytes !== 0 && !this.#message.complete
    const isClosing =
      this.mustClose ||
      this.isBodyBroken ||
      this.#connection.isLastRequest ||
      (isBodyUnread && !this.#isDiscardable())
    const { corsHeaders } = this
    const allHeaders = corsHeaders === undefined ? headers : withCorsHeaders(headers, corsHeaders)
    this.#response.writeHead(status, responseHead(allHeaders, framing, isClosing))
    if (isClosing) this.#connection.isEnding = true
    this.#isLingering = isClosing && isBodyUnread && !this.isBodyBroken
    if (isBodyUnread && !isClosing) this.#message.resume()
    this.#observer.onBegun(status)
  }

  /** Sends the body, or nothing more after a stream. */
  finish(pieces: readonly Uint8Array[]): void {
    if (this.#isLingering) this.#finishLingering(pieces)
    else this.#finishNow(pieces)
  }

  /** Sends a stream; resolves when the last piece was written or the stream was cancelled. */
  stream(stream: ResponseStream, first: IteratorResult<Uint8Array>): Promise<void> {
    return stream.write(first, this.#response, this.#stallMs)
  }

  /** Breaks the response off, so that the client sees that something is missing. */
  destroy(): void {
    // Behind the flush of what was written last, which Node puts off to the end of the tick.
    process.nextTick(() => this.#response.destroy())
  }

  #finishNow(pieces: readonly Uint8Array[]): void {
    const response = this.#response
    const lastIndex = pieces.length - 1
    if (lastIndex > 0) {
      // One system call for headers and all pieces.
      response.cork()
      for (let index = 0; index < lastIndex; index++) response.write(pieces[index])
    }
    response.on('finish', () => this.#observer.onWritten())
    const last = pieces[lastIndex]
    if (lastIndex === 0 && last !== undefined && last.byteLength <= MAX_JOINED_BYTES) {
      // Node joins text with the headers to one piece for the socket; as Latin-1 every byte stays what it is.
      response.end(Buffer.from(last.buffer, last.byteOffset, last.byteLength).toString('latin1'), 'latin1')
    } else {
      response.end(last)
    }
    this.#cutOffWhenStalled()
  }

  /** The client gets the whole response and the word that it is the last, and then some time to stop sending. */
  #finishLingering(pieces: readonly Uint8Array[]): void {
    const response = this.#response
    if (pieces.length === 0) response.flushHeaders()
    for (const piece of pieces) response.write(piece)
    closeLingering(this.#message, () => {
      response.end()
      this.#cutOffWhenStalled()
    })
    this.#observer.onWritten()
  }

  #cutOffWhenStalled(): void {
    // Node puts its keep-alive timeout in place of this one when the response has gone.
    if (this.#response.writableLength > 0) this.#message.socket.setTimeout(this.#stallMs)
  }

  #isDiscardable(): boolean {
    const { lengthBytes } = this.#head
    return !this.isContinueOwed && lengthBytes !== undefined && lengthBytes <= DISCARDED_BYTES
  }
}
