import type { InferenceRequest, ModelResponse, RequestContext } from '@millrace/sdk'
import type { CallReply } from './messages.ts'
import { ForwardedAbort, type OpenCall, readFailure, setHeaders } from './open-call.ts'
import { type Block, unpackTensors } from './tensor-packing.ts'

/** Responses that a model may be ahead of whoever reads them: enough to hide the way, few enough to hold. */
const WINDOW = 4

export interface RemoteStreamOptions {
  readonly sendRequest: (request: InferenceRequest) => void
  /** No more requests; with `error` if they broke off. */
  readonly endRequests: (error?: { readonly thrown: unknown }) => void
  readonly credit: () => void
  readonly leave: () => void
  readonly abort: (reason: unknown) => void
}

type Arrival =
  | { readonly kind: 'response'; readonly response: ModelResponse }
  | { readonly kind: 'failure'; readonly error: unknown }
  | { readonly kind: 'end' }

/**
 * The server's end of a stream that a worker answers.
 *
 * A request is read only when the model has asked for it and every response before has been read. Whoever
 * reads this stream thus sees the order that it would see without a worker.
 */
export class RemoteStream implements OpenCall {
  readonly log: RequestContext['log']
  readonly credit = WINDOW
  readonly #context: RequestContext
  readonly #requests: AsyncIterator<InferenceRequest>
  readonly #options: RemoteStreamOptions
  readonly #abortion: ForwardedAbort
  /** At most {@link WINDOW} responses and an end. */
  readonly #arrived: Arrival[] = []
  #reader: ((arrival: Arrival) => void) | null = null
  #isPulled = false
  #hasEnded = false
  #requestFailure: { readonly thrown: unknown } | null = null
  readonly #closed = Promise.withResolvers<void>()

  constructor(
    requests: AsyncIterable<InferenceRequest>,
    context: RequestContext,
    options: RemoteStreamOptions,
  ) {
    this.log = context.log
    this.#context = context
    this.#requests = requests[Symbol.asyncIterator]()
    this.#options = options
    this.#abortion = new ForwardedAbort(context, options.abort)
  }

  async *responses(): AsyncGenerator<ModelResponse> {
    try {
      while (true) {
        const arrival = this.#arrived.shift() ?? (await this.#nextArrival())
        if (arrival.kind === 'end') return
        if (arrival.kind === 'failure') throw arrival.error
        if (!this.#hasEnded) this.#options.credit()
        yield arrival.response
      }
    } finally {
      if (!this.#hasEnded) {
        this.#options.leave()
        // The model's own clean-up is part of the call, as it is without a worker.
        await this.#closed.promise
      }
    }
  }

  reply(message: CallReply, blocks: readonly Block[]): 'ended' | 'open' {
    switch (message.kind) {
      case 'watch':
        this.#abortion.watch()
        return 'open'
      case 'pull':
        this.#isPulled = true
        if (this.#reader !== null) this.#readRequest()
        return 'open'
      case 'next':
        this.#arrive(() => {
          setHeaders(this.#context, message.headers)
          const response = { outputs: unpackTensors(message.outputs, blocks), parameters: message.parameters }
          return { kind: 'response', response }
        })
        return 'open'
      case 'failed':
        this.#end()
        this.#arrive(() => {
          setHeaders(this.#context, message.headers)
          if (message.origin === 'requests') return { kind: 'failure', error: this.#requestFailure?.thrown }
          return { kind: 'failure', error: readFailure(message, this.#context) }
        })
        return 'ended'
      case 'end':
        this.#end()
        this.#arrive(() => {
          setHeaders(this.#context, message.headers)
          return { kind: 'end' }
        })
        return 'ended'
      default:
        this.fail(new Error(`a worker answered a stream with '${message.kind}'`))
        return 'ended'
    }
  }

  fail(error: unknown): void {
    this.#end()
    this.#arrive(() => ({ kind: 'failure', error }))
  }

  #nextArrival(): Promise<Arrival> {
    const { promise, resolve } = Promise.withResolvers<Arrival>()
    this.#reader = resolve
    if (this.#isPulled) this.#readRequest()
    return promise
  }

  #arrive(read: () => Arrival): void {
    let arrival: Arrival
    try {
      arrival = read()
    } catch (error) {
      arrival = { kind: 'failure', error }
    }
    if (this.#reader === null) {
      this.#arrived.push(arrival)
      return
    }
    this.#reader(arrival)
    this.#reader = null
  }

  #readRequest(): void {
    this.#isPulled = false
    void this.#forwardRequest()
  }

  async #forwardRequest(): Promise<void> {
    try {
      const result = await this.#requests.next()
      if (this.#hasEnded) return
      if (result.done === true) this.#options.endRequests()
      else this.#options.sendRequest(result.value)
    } catch (thrown) {
      if (this.#hasEnded) return
      this.#requestFailure = { thrown }
      this.#options.endRequests({ thrown })
    }
  }

  #end(): void {
    this.#hasEnded = true
    this.#abortion.stop()
    this.#closed.resolve()
    // Not awaited: a client that still sends may take its time, and the stream is over.
    const closing = this.#requests.return?.()
    closing?.catch(ignore)
  }
}

function ignore(): void {}
