import type { ServerResponse } from 'node:http'

/**
 * Carries an async iterable to a client, a piece at a time: the next piece is asked for when the last
 * one has gone out. {@link first} comes before the headers, so that a failure until then is an ordinary error.
 */
export class ResponseStream {
  readonly #iterator: AsyncIterator<Uint8Array>
  #isCancelled = false
  #wake: (() => void) | undefined

  constructor(body: AsyncIterable<Uint8Array>) {
    this.#iterator = body[Symbol.asyncIterator]()
  }

  first(): Promise<IteratorResult<Uint8Array>> {
    return this.#iterator.next()
  }

  /**
   * Writes all pieces; resolves when the last is written or the stream was cancelled, rejects when the iterable throws.
   * @param stallMs a client that reads nothing for so long is cut off
   */
  async write(first: IteratorResult<Uint8Array>, response: ServerResponse, stallMs: number): Promise<void> {
    let step = first
    while (step.done !== true && !this.#isCancelled) {
      if (!response.write(step.value)) {
        await this.#drained(response, stallMs)
        if (this.#isCancelled) return
      }
      step = await this.#iterator.next()
    }
  }

  /** Tells the iterable that nobody listens any more. Never throws; idempotent. */
  cancel(): void {
    if (this.#isCancelled) return
    this.#isCancelled = true
    this.#wake?.()
    // An async generator that is working on its next piece hears of this at its next yield.
    void this.#close()
  }

  async #close(): Promise<void> {
    try {
      await this.#iterator.return?.()
    } catch {
      // The response is over: a failure while cleaning up has nobody left to be told to.
    }
  }

  async #drained(response: ServerResponse, stallMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    response.once('drain', resolve)
    // Counts progress within a large write too, and destroys the socket of a client that makes none.
    response.req.socket.setTimeout(stallMs)
    await promise
    response.req.socket.setTimeout(0)
    response.off('drain', resolve)
    this.#wake = undefined
  }
}
