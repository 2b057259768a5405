/** One call of the model. */
export interface RunningBatch {
  /** When the last of its requests is overdue, by the batcher's clock. */
  readonly overdueAtMs: number
}

/**
 * The places for calls of the model. One that has outlived all its requests gives its place up: a model that never
 * answers one batch must not be lost to all that come after.
 */
export class BatchSlots {
  readonly #count: number
  readonly #taken = new Set<RunningBatch>()

  constructor(count: number) {
    this.#count = count
  }

  get isFree(): boolean {
    return this.#taken.size < this.#count
  }

  /** When the next place is given up; Infinity if none will be. */
  get earliestOverdueMs(): number {
    let earliestMs = Number.POSITIVE_INFINITY
    for (const { overdueAtMs } of this.#taken) earliestMs = Math.min(earliestMs, overdueAtMs)
    return earliestMs
  }

  take(batch: RunningBatch): void {
    this.#taken.add(batch)
  }

  /** Does nothing for a place that was given up. */
  leave(batch: RunningBatch): void {
    this.#taken.delete(batch)
  }

  /** @returns how many places were given up */
  giveUpOverdue(nowMs: number): number {
    const before = this.#taken.size
    for (const batch of this.#taken) if (batch.overdueAtMs <= nowMs) this.#taken.delete(batch)
    return before - this.#taken.size
  }
}
