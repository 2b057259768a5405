const FIRST_MS = 100
const MAX_MS = 30_000
/** Nobody should wait this long for a worker. */
const LONG_MS = 1000
/** A worker that has lived no longer than this may be part of a crash loop, however soon it was there. */
const SETTLED_MS = 2000

/**
 * How long a place in a pool stays empty after its worker has ended: longer each time, so that workers that end
 * as soon as they are there do not keep the machine busy with starting them. One that has answered for longer than
 * it took to replace the one before was worth its start, and whatever ended it begins anew.
 */
export class RestartBackoff {
  #pauseMs = 0
  #emptySinceMs: number
  #joinedMs: number | null = null

  /** @param nowMs the first worker is being started; all times are of a clock that never goes back */
  constructor(nowMs: number) {
    this.#emptySinceMs = nowMs
  }

  /** Whether waiting for the next worker is in vain. */
  get isLong(): boolean {
    return this.#pauseMs >= LONG_MS
  }

  /** A worker has joined. */
  joined(nowMs: number): void {
    this.#joinedMs = nowMs
  }

  /** The worker has ended, joined or not. @returns how long to wait before the next is started */
  ended(nowMs: number): number {
    const isSettled =
      this.#joinedMs !== null &&
      nowMs - this.#joinedMs >= Math.max(SETTLED_MS, this.#joinedMs - this.#emptySinceMs)
    this.#pauseMs = isSettled || this.#pauseMs === 0 ? FIRST_MS : Math.min(MAX_MS, this.#pauseMs * 2)
    this.#emptySinceMs = nowMs
    this.#joinedMs = null
    return this.#pauseMs
  }
}
