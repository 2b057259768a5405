/** What a request met with, from being sent to its end. */
export interface Failure {
  readonly lane: number
  readonly modelName: string
  readonly isInWorker: boolean
  readonly code: string
  readonly text: string
  readonly startedMs: number
  readonly endedMs: number
}

/** Until the server hears that a worker has ended, it may still hand it requests; they are lost with it. */
const NOTICE_MS = 5000
const STOPPED = /worker stopped unexpectedly/
/** What requests to a model may hear that has been unloaded on purpose. */
const ABSENT_CODES: ReadonlySet<string> = new Set(['NOT_FOUND', 'UNAVAILABLE'])

/** What has been done to the server, and which failures it explains. */
export class Outages {
  readonly #killsMs: number[] = []
  readonly #excused = new Set<string>()
  /** When each model was away on purpose. */
  readonly #absences = new Map<string, { readonly fromMs: number; untilMs: number }>()

  get killCount(): number {
    return this.#killsMs.length
  }

  /** Called right before a worker is ended. */
  killed(atMs: number): void {
    this.#killsMs.push(atMs)
  }

  leaves(modelName: string, atMs: number): void {
    this.#absences.set(modelName, { fromMs: atMs, untilMs: Number.POSITIVE_INFINITY })
  }

  isBack(modelName: string, atMs: number): void {
    const absence = this.#absences.get(modelName)
    if (absence !== undefined) absence.untilMs = atMs
  }

  /**
   * Why a failure had to be expected; `undefined` for one that must not be. A lane has one request under way at a time,
   * so each end of a worker explains one failure of a lane at most.
   */
  excuse({
    lane,
    modelName,
    isInWorker,
    code,
    text,
    startedMs,
    endedMs,
  }: Failure): 'killed' | 'absent' | undefined {
    if (isInWorker && code === 'INTERNAL' && STOPPED.test(text)) {
      const kill = this.#killsMs.findIndex(
        (atMs, index) =>
          startedMs <= atMs + NOTICE_MS && endedMs >= atMs && !this.#excused.has(`${lane}/${index}`),
      )
      if (kill === -1) return undefined
      this.#excused.add(`${lane}/${kill}`)
      return 'killed'
    }
    const absence = this.#absences.get(modelName)
    const wasAway = absence !== undefined && startedMs <= absence.untilMs && endedMs >= absence.fromMs
    return wasAway && ABSENT_CODES.has(code) ? 'absent' : undefined
  }
}
