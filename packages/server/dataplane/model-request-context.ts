import type { ModelMetrics, RequestContext } from '@millrace/sdk'
import type { ServerLogger } from '../base/index.ts'
import type { Call } from './call.ts'

/** What a model can reach while it answers a call. */
export class ModelRequestContext implements RequestContext {
  readonly #call: Call
  readonly log: ServerLogger
  readonly metrics: ModelMetrics

  constructor(call: Call, log: ServerLogger, metrics: ModelMetrics) {
    this.#call = call
    this.log = log
    this.metrics = metrics
  }

  get headers(): RequestContext['headers'] {
    return this.#call.headers
  }

  // A getter, because listeners make a signal only for those who ask.
  get signal(): AbortSignal {
    return this.#call.signal
  }

  get deadlineMs(): number {
    return this.#call.deadlineMs
  }

  setHeader(name: string, value: string): void {
    this.#call.setHeader(name, value)
  }
}
