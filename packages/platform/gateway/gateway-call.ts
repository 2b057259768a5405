/** What the gateway knows of the call that carries a request, by whichever door it came. */
export interface GatewayCall {
  /** Names in lower case. */
  readonly headers: Readonly<{ [name: string]: string }>
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal
  /** Milliseconds since the epoch; Infinity without a limit. */
  readonly deadlineMs: number
}
