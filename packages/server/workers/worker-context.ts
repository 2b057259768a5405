import type { Logger, ModelMetrics, RequestContext } from '@millrace/sdk'
import { type CrossingError, decodeError } from './crossing-error.ts'
import type { CrossingCall, CrossingHeaders } from './messages.ts'

/** What one call in a worker shows its model; the far end of the server's own context. */
export class WorkerContext implements RequestContext {
  readonly headers: RequestContext['headers']
  readonly deadlineMs: number
  readonly log: Logger
  readonly metrics: ModelMetrics
  readonly #watch: () => void
  #headersSet: [name: string, value: string][] = []
  #controller: AbortController | null = null

  /** @param watch asks the server to say when the call is aborted; called once, if the model wants to know */
  constructor(call: CrossingCall, log: Logger, metrics: ModelMetrics, watch: () => void) {
    this.headers = call.headers
    this.deadlineMs = call.deadlineMs
    this.log = log
    this.metrics = metrics
    this.#watch = watch
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController()
      this.#watch()
    }
    return this.#controller.signal
  }

  /** Authors write JavaScript as well; what they pass must not keep an answer from crossing. */
  setHeader(name: unknown, value: unknown): void {
    this.#headersSet.push([String(name), String(value)])
  }

  /** The headers that were set since the last time. */
  takeHeaders(): CrossingHeaders {
    if (this.#headersSet.length === 0) return NO_HEADERS
    const headers = this.#headersSet
    this.#headersSet = []
    return headers
  }

  abort(reason: CrossingError): void {
    this.#controller?.abort(decodeError(reason))
  }

  /** True for what {@link abort} was called with: a model that stops for it throws it as it is. */
  isAbortReason(error: unknown): boolean {
    const signal = this.#controller?.signal
    return signal?.aborted === true && signal.reason === error
  }
}

const NO_HEADERS: CrossingHeaders = []
