import type { GrpcCall, HttpRequest } from '../transport/index.ts'

type Headers = Readonly<{ [name: string]: string }>

// Delegates rather than copies: a signal is made only for who asks for it.

/** An HTTP request whose headers name the server's span. */
export class TracedRequest implements HttpRequest {
  readonly #request: HttpRequest
  readonly headers: Headers

  constructor(request: HttpRequest, headers: Headers) {
    this.#request = request
    this.headers = headers
  }

  get method(): string {
    return this.#request.method
  }

  get path(): string {
    return this.#request.path
  }

  get params(): HttpRequest['params'] {
    return this.#request.params
  }

  get query(): URLSearchParams {
    return this.#request.query
  }

  get signal(): AbortSignal {
    return this.#request.signal
  }

  get deadlineMs(): number {
    return this.#request.deadlineMs
  }

  body(alignAt?: number): Promise<Uint8Array> {
    return this.#request.body(alignAt)
  }
}

/** A gRPC call whose metadata name the server's span. */
export class TracedCall implements GrpcCall {
  readonly #call: GrpcCall
  readonly headers: Headers

  constructor(call: GrpcCall, headers: Headers) {
    this.#call = call
    this.headers = headers
  }

  get signal(): AbortSignal {
    return this.#call.signal
  }

  get deadlineMs(): number {
    return this.#call.deadlineMs
  }

  setTrailer(name: string, value: string): void {
    this.#call.setTrailer(name, value)
  }

  addTrailers(fields: Parameters<GrpcCall['addTrailers']>[0]): void {
    this.#call.addTrailers(fields)
  }
}
