import type { Logger, RequestContext } from '@millrace/sdk'
import { decodeError } from './crossing-error.ts'
import type { CallReply, CrossingHeaders } from './messages.ts'
import type { Block } from './tensor-packing.ts'

/** Something that a worker was asked for and has not finished. */
export interface OpenCall {
  /** Where lines go that the model logs meanwhile; undefined for what is no request. */
  readonly log: Logger | undefined
  /** Takes one message of the worker and says whether it was the last. */
  reply(message: CallReply, blocks: readonly Block[]): 'ended' | 'open'
  /** The worker has gone. */
  fail(error: unknown): void
}

export type Settle<T> = Pick<PromiseWithResolvers<T>, 'resolve' | 'reject'>

/** A call whose one reply is a value of the worker's own. */
export class AnswerCall<T> implements OpenCall {
  readonly log = undefined
  readonly #settle: Settle<T>

  constructor(settle: Settle<T>) {
    this.#settle = settle
  }

  reply(message: CallReply): 'ended' {
    // What was asked for says what comes back.
    if (message.kind === 'done') this.#settle.resolve(message.value as T)
    else this.#settle.reject(message.kind === 'failed' ? decodeError(message.error) : new Error(message.kind))
    return 'ended'
  }

  fail(error: unknown): void {
    this.#settle.reject(error)
  }
}

/** A call of a client: an answer or a failure, headers with it, and an abort if the model wants to know. */
export class RequestCall<T> implements OpenCall {
  readonly log: Logger
  readonly #context: RequestContext
  readonly #settle: Settle<T>
  readonly #read: (message: CallReply, blocks: readonly Block[]) => T
  readonly #abortion: ForwardedAbort

  constructor(
    context: RequestContext,
    settle: Settle<T>,
    read: (message: CallReply, blocks: readonly Block[]) => T,
    abort: (reason: unknown) => void,
  ) {
    this.log = context.log
    this.#context = context
    this.#settle = settle
    this.#read = read
    this.#abortion = new ForwardedAbort(context, abort)
  }

  reply(message: CallReply, blocks: readonly Block[]): 'ended' | 'open' {
    if (message.kind === 'watch') {
      this.#abortion.watch()
      return 'open'
    }
    this.#abortion.stop()
    try {
      if ('headers' in message) setHeaders(this.#context, message.headers)
      if (message.kind === 'failed') this.#settle.reject(readFailure(message, this.#context))
      else this.#settle.resolve(this.#read(message, blocks))
    } catch (error) {
      this.#settle.reject(error)
    }
    return 'ended'
  }

  fail(error: unknown): void {
    this.#abortion.stop()
    this.#settle.reject(error)
  }
}

/** Tells a worker when a context is aborted; does not touch the signal before it is asked to. */
export class ForwardedAbort {
  readonly #context: RequestContext
  readonly #abort: (reason: unknown) => void
  #watched: AbortSignal | null = null

  constructor(context: RequestContext, abort: (reason: unknown) => void) {
    this.#context = context
    this.#abort = abort
  }

  watch(): void {
    const { signal } = this.#context
    if (signal.aborted) {
      this.#abort(signal.reason)
      return
    }
    this.#watched = signal
    signal.addEventListener('abort', this)
  }

  handleEvent(): void {
    this.#abort(this.#watched?.reason)
  }

  stop(): void {
    this.#watched?.removeEventListener('abort', this)
    this.#watched = null
  }
}

export function setHeaders(context: RequestContext, headers: CrossingHeaders): void {
  for (const [name, value] of headers) context.setHeader(name, value)
}

/** What the model threw; if that was the reason of its abort, the very object it was aborted with. */
export function readFailure(
  { error, origin }: Extract<CallReply, { kind: 'failed' }>,
  context: RequestContext,
): unknown {
  return origin === 'signal' ? context.signal.reason : decodeError(error)
}
