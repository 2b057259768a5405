import type { CheckedHeaders } from './cloud-events.ts'

/** What a door knows of the call that carries a request: the same over every protocol. */
export interface Call {
  /** Headers or metadata; names in lower case. */
  readonly headers: Readonly<{ [name: string]: string }>
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal
  /** Milliseconds since the epoch. */
  readonly deadlineMs: number
  /** Sets a header of the response. */
  setHeader(name: string, value: string): void
  /**
   * Adds headers of the server's own to the response, which give way to those that the model set. A protocol that
   * carries none has no such method.
   */
  addHeaders?(headers: CheckedHeaders): void
}
