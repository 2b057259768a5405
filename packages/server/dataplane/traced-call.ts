import type { Call } from './call.ts'
import type { CheckedHeaders } from './cloud-events.ts'

/** A call whose headers name the span of its model. */
export class TracedCall implements Call {
  readonly #call: Call
  readonly headers: Call['headers']

  constructor(call: Call, headers: Call['headers']) {
    this.#call = call
    this.headers = headers
  }

  get signal(): AbortSignal {
    return this.#call.signal
  }

  get deadlineMs(): number {
    return this.#call.deadlineMs
  }

  setHeader(name: string, value: string): void {
    this.#call.setHeader(name, value)
  }

  addHeaders(headers: CheckedHeaders): void {
    this.#call.addHeaders?.(headers)
  }
}
