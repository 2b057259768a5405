import type { Call, CheckedHeaders } from '../../dataplane/index.ts'

/** A record as the data plane sees it; what its model makes headers of the reply gathers here. */
export class KafkaCall implements Call {
  readonly headers: Call['headers']
  readonly deadlineMs: number
  readonly signal: AbortSignal
  /** By name in lower case, because a model may spell one name in two ways; Kafka itself tells cases apart. */
  readonly #replyHeaders = new Map<string, readonly [name: string, value: string]>()

  constructor(headers: Call['headers'], deadlineMs: number, signal: AbortSignal) {
    this.headers = headers
    this.deadlineMs = deadlineMs
    this.signal = signal
  }

  get replyHeaders(): Iterable<readonly [name: string, value: string]> {
    return this.#replyHeaders.values()
  }

  setHeader(name: string, value: string): void {
    this.#replyHeaders.set(name.toLowerCase(), [name, value])
  }

  addHeaders(headers: CheckedHeaders): void {
    for (const [name, value] of headers) {
      if (!this.#replyHeaders.has(name)) this.#replyHeaders.set(name, [eventName(name), value])
    }
  }
}

/** `ce-modelid` as MLServer writes it where case matters: `Ce-Modelid`. */
function eventName(name: string): string {
  return name.replace(/(^|-)[a-z]/g, letters => letters.toUpperCase())
}
