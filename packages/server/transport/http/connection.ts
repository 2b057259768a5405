import type { Socket } from 'node:net'
import type { ServingError } from '@millrace/sdk'
import type { HttpLimits, HttpResponse } from './http-types.ts'
import { listenerErrors } from './listener-errors.ts'
import { serializeResponse } from './raw-response.ts'

/** How long a connection that was told what is wrong with it may stay open for the client to read that. */
const REFUSED_LINGER_MS = 1000

/** What a connection needs to know of the requests on it. */
export interface OpenExchange {
  /** True when the last byte of the request has arrived. */
  readonly isRequestComplete: boolean
  /** Called when no more of the body will come. */
  onBodyBroken(error: ServingError): void
  /** Called when the socket has closed. */
  onConnectionClosed(): void
  /** Stops waiting for the handler and answers with `error`. */
  giveUp(error: ServingError): void
}

export interface ConnectionOptions {
  readonly limits: HttpLimits
  readonly toErrorResponse: (error: unknown) => HttpResponse
  /** One more than `maxConnections` allow: gets an answer to one request and is closed. */
  readonly isSurplus: boolean
}

/** One client's socket and the requests on it, of which pipelining may bring several. */
export class Connection {
  readonly socket: Socket
  readonly isSurplus: boolean
  /** Once true, nothing more is read from this client: a response has announced the end. */
  isEnding = false
  readonly #options: ConnectionOptions
  readonly #exchanges: OpenExchange[] = []
  #isDraining = false
  #latest: OpenExchange | undefined
  /** What is wrong with the bytes behind requests that are still being answered. */
  #malformed: ServingError | undefined

  constructor(socket: Socket, options: ConnectionOptions) {
    this.socket = socket
    this.isSurplus = options.isSurplus
    this.#options = options
    socket.on('close', () => {
      for (const exchange of this.#exchanges.slice()) exchange.onConnectionClosed()
    })
  }

  /** True when responses from now on announce the connection's end. */
  get isLastRequest(): boolean {
    return this.#isDraining || this.isSurplus
  }

  get isDraining(): boolean {
    return this.#isDraining
  }

  add(exchange: OpenExchange): void {
    this.#exchanges.push(exchange)
    this.#latest = exchange
  }

  /** Called when the exchange's response has been written, or never will be. */
  remove(exchange: OpenExchange): void {
    if (this.#exchanges.at(-1) === exchange) this.#exchanges.pop()
    else this.#exchanges.splice(this.#exchanges.indexOf(exchange), 1)
    if (this.#latest === exchange && exchange.isRequestComplete) this.#latest = undefined
    if (this.#exchanges.length > 0) {
      // The timeout of a response that was read slowly must not hit a handler that works slowly.
      this.socket.setTimeout(0)
      return
    }
    if (this.isEnding) return
    if (this.#malformed !== undefined) this.#refuse(this.#malformed)
    else if (this.#isDraining) this.socket.destroySoon()
  }

  /** Ends the connection after what is being answered; at once, if the client has not even begun. */
  drain(): void {
    this.#isDraining = true
    if (this.socket.bytesRead === 0) this.socket.destroy()
  }

  giveUp(error: ServingError): void {
    for (const exchange of this.#exchanges.slice()) exchange.giveUp(error)
  }

  /** Takes what Node reports as `clientError`: the parser's verdict, a timeout, or an error of the socket. */
  onClientError(cause: NodeJS.ErrnoException & { readonly reason?: string }): void {
    const error = this.#explain(cause)
    if (error === undefined || !this.socket.writable) {
      this.socket.destroy()
      return
    }
    // The broken parser says the same of every further byte.
    if (this.isEnding) {
      if (error.code === 'CANCELLED') this.socket.destroySoon()
      return
    }
    const latest = this.#latest
    if (latest !== undefined && !latest.isRequestComplete) {
      if (this.#exchanges.includes(latest)) latest.onBodyBroken(error)
      else this.socket.destroySoon()
      return
    }
    this.#malformed ??= error
    if (this.#exchanges.length === 0) this.#refuse(error)
  }

  #explain(cause: NodeJS.ErrnoException & { readonly reason?: string }): ServingError | undefined {
    const { limits } = this.#options
    switch (cause.code) {
      case 'ERR_HTTP_REQUEST_TIMEOUT':
        return listenerErrors.headersTooSlow(limits.headersTimeoutMs)
      case 'HPE_HEADER_OVERFLOW':
        return listenerErrors.headersTooLarge(limits.maxHeaderBytes)
      case 'HPE_INVALID_EOF_STATE':
        return listenerErrors.requestCutShort()
      default:
        return cause.code?.startsWith('HPE_') === true
          ? listenerErrors.malformed(cause.reason ?? cause.message, cause)
          : undefined
    }
  }

  /** Answers on the bare socket, past Node's parser, and ends the connection. */
  #refuse(error: ServingError): void {
    if (!this.socket.writable) return
    this.isEnding = true
    this.socket.end(serializeResponse(this.#options.toErrorResponse(error)))
    const timer = setTimeout(() => this.socket.destroy(), REFUSED_LINGER_MS)
    this.socket.once('close', () => clearTimeout(timer))
  }
}
