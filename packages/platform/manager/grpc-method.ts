/** A gRPC call as the manager's methods see it; the server's listener gives more, which they do not need. */
export interface ManagerCall {
  /** Names in lower case. */
  readonly headers: Readonly<{ [name: string]: string }>
  /** Aborted when the client cancels or goes away, and when the deadline passes. */
  readonly signal: AbortSignal
  /** Milliseconds since the epoch. */
  readonly deadlineMs: number
}

/** Bytes in, bytes out; a `ServingError` says why not. Fits the methods that the server's listener takes. */
export type ManagerMethod =
  | {
      readonly kind: 'unary'
      readonly handle: (message: Uint8Array, call: ManagerCall) => Uint8Array | Promise<Uint8Array>
    }
  | {
      readonly kind: 'stream'
      readonly handle: (messages: AsyncIterable<Uint8Array>, call: ManagerCall) => AsyncIterable<Uint8Array>
    }
