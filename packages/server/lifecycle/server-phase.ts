import { ServingError } from '@millrace/sdk'

/** Where a server is in its life: first it starts, then it serves, and when it stops it stops for good. */
export class ServerPhase {
  readonly #listeners = new Set<() => void>()
  readonly #stopping = new AbortController()
  #isStarted = false

  get isServing(): boolean {
    return this.#isStarted && !this.stopping.aborted
  }

  /** Aborted, with what to tell clients, when the server begins to stop. */
  get stopping(): AbortSignal {
    return this.#stopping.signal
  }

  /** Start-up has succeeded. */
  serve(): void {
    this.#isStarted = true
    this.#changed()
  }

  stop(): void {
    this.#stopping.abort(new ServingError('UNAVAILABLE', 'the server is stopping'))
    this.#changed()
  }

  /** Calls `listener` after every change; returns how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }
}
