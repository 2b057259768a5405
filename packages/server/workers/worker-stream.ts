import type { InferenceRequest, InferenceResponse } from '@millrace/sdk'
import { decodeError } from './crossing-error.ts'
import type { CrossingRequest, StreamControl } from './messages.ts'
import { type Block, unpackTensors } from './tensor-packing.ts'

export interface WorkerStreamOptions {
  /** Asks the server for the next request. */
  readonly pull: () => void
  readonly send: (response: InferenceResponse) => void
  /** Responses that may be sent before more are asked for. */
  readonly credit: number
}

/** One stream in a worker: gives the model its requests as it asks, and sends responses as the server reads. */
export class WorkerStream {
  readonly #options: WorkerStreamOptions
  #credit: number
  #hasLeft = false
  #onCredit: (() => void) | null = null
  /** The model's question for the next request; there is one at a time. */
  #pulled: PromiseWithResolvers<IteratorResult<InferenceRequest>> | null = null
  #haveRequestsEnded = false
  #requestFailure: { readonly error: unknown } | null = null

  constructor(options: WorkerStreamOptions) {
    this.#options = options
    this.#credit = options.credit
  }

  readonly requests: AsyncIterable<InferenceRequest> = {
    [Symbol.asyncIterator]: () => ({
      next: () => this.#next(),
      return: () => {
        this.#haveRequestsEnded = true
        return Promise.resolve(DONE)
      },
    }),
  }

  /** Sends what the model answers, until it ends or nobody reads any more. */
  async run(responses: AsyncIterable<InferenceResponse>): Promise<void> {
    const iterator = responses[Symbol.asyncIterator]()
    while (true) {
      // The model is not asked for what nobody has room for.
      if (this.#credit === 0 && !this.#hasLeft) await this.#moreCredit()
      if (this.#hasLeft) {
        await iterator.return?.()
        return
      }
      const result = await iterator.next()
      if (result.done === true) return
      // What comes after the reader has left goes nowhere.
      if (this.#hasLeft) continue
      this.#credit--
      try {
        this.#options.send(result.value)
      } catch (error) {
        await iterator.return?.()
        throw error
      }
    }
  }

  /** True for the error that its requests broke off with. */
  isRequestFailure(error: unknown): boolean {
    return this.#requestFailure !== null && this.#requestFailure.error === error
  }

  control(message: StreamControl, blocks: readonly Block[]): void {
    switch (message.kind) {
      case 'credit':
        this.#credit++
        this.#wake()
        return
      case 'leave':
        this.#hasLeft = true
        this.#endRequests()
        this.#wake()
        return
      case 'item':
        this.#pulled?.resolve({ done: false, value: unpackRequest(message.request, blocks) })
        this.#pulled = null
        return
      case 'items-end':
        if (message.error === undefined) this.#endRequests()
        else this.#failRequests(decodeError(message.error))
    }
  }

  #next(): Promise<IteratorResult<InferenceRequest>> {
    if (this.#haveRequestsEnded) return Promise.resolve(DONE)
    // Whoever asks twice at once waits for its first answer, as with a generator.
    if (this.#pulled !== null) return this.#pulled.promise.then(() => this.#next())
    this.#pulled = Promise.withResolvers()
    this.#options.pull()
    return this.#pulled.promise
  }

  #endRequests(): void {
    this.#haveRequestsEnded = true
    this.#pulled?.resolve(DONE)
    this.#pulled = null
  }

  #failRequests(error: unknown): void {
    this.#haveRequestsEnded = true
    this.#requestFailure = { error }
    this.#pulled?.reject(error)
    this.#pulled = null
  }

  #moreCredit(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onCredit = resolve
    return promise
  }

  #wake(): void {
    this.#onCredit?.()
    this.#onCredit = null
  }
}

export function unpackRequest(request: CrossingRequest, blocks: readonly Block[]): InferenceRequest {
  return { ...request, inputs: unpackTensors(request.inputs, blocks) }
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }
