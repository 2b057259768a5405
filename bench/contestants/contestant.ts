/** A server that takes part in a scenario. */
export interface Contestant {
  /** As the report calls it. */
  readonly name: string
  /** Why it cannot take part here; `null` when it can. */
  obstacle(): string | null
  /** Resolves when the server answers. */
  start(): Promise<RunningContestant>
}

export interface RunningContestant {
  /** Root of its process tree. */
  readonly pid: number
  /** 0 for what it does not speak. */
  readonly restPort: number
  readonly grpcPort: number
  /** From the start of the process to the first successful answer. */
  readonly startToReadyMs: number
  stop(): Promise<void>
}
