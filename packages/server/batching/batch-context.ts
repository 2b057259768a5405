import type { Logger, ModelMetrics, RequestContext } from '@millrace/sdk'
import { applicationHeaders } from '../base/index.ts'
import type { Member } from './member.ts'

/** What a model sees of the calls behind a batch: what they have in common. */
export class BatchContext implements RequestContext {
  readonly headers: RequestContext['headers']
  readonly deadlineMs: number
  readonly log: Logger
  readonly metrics: ModelMetrics
  readonly #members: readonly Member[]
  readonly #headersSet = new Map<string, string>()
  #remaining: number
  #controller: AbortController | null = null
  #abortReason: unknown = null

  constructor(members: readonly Member[]) {
    const { headers, log, metrics } = members[0]!.context
    this.headers = applicationHeaders(headers)
    // Whose deadline is earlier leaves earlier; the model works for the last.
    this.deadlineMs = members.reduce(
      (latestMs, { context }) => Math.max(latestMs, context.deadlineMs),
      -Infinity,
    )
    this.log = log
    this.metrics = metrics
    this.#members = members
    this.#remaining = members.length
    for (const member of members) member.batch = this
  }

  /** Aborted when all members have left, or the batcher closes. Made upon asking, like those it depends on. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController()
      if (this.#abortReason !== null) this.#controller.abort(this.#abortReason)
      for (const member of this.#members) member.watch()
    }
    return this.#controller.signal
  }

  /** Kept until the answer is there: members that are asked again alone get only what that answer sets. */
  setHeader(name: string, value: string): void {
    this.#headersSet.set(name, value)
  }

  /** Sets the headers of the response for every member. */
  applyHeaders(): void {
    for (const [name, value] of this.#headersSet) {
      for (const member of this.#members) if (!member.isSettled) member.context.setHeader(name, value)
    }
  }

  /** Refuses all members together. */
  reject(error: unknown): void {
    let reason = error
    try {
      this.applyHeaders()
    } catch (refused) {
      // Alone, the model would have got no further than this header.
      reason = refused
    }
    for (const member of this.#members) member.reject(reason)
  }

  memberLeft(reason: unknown): void {
    this.#remaining--
    if (this.#remaining === 0) this.abort(reason)
  }

  abort(reason: unknown): void {
    this.#abortReason ??= reason
    this.#controller?.abort(reason)
  }
}
