import { ServingError } from '@millrace/sdk'

/** Does one thing after the other. */
export interface JobQueue {
  /** @throws ServingError RESOURCE_EXHAUSTED when as many wait as may */
  checkRoom(): void
  /** Adds a job even when there is no room left: whoever may be refused asks first. It must not reject. */
  add(job: () => Promise<void>): void
  /** Resolves when all that were added are done. */
  settled(): Promise<void>
}

const RETRY_AFTER_MS = 10_000

export function createJobQueue(waitingMax: number): JobQueue {
  let waiting = 0
  let last = Promise.resolve()
  return {
    checkRoom() {
      if (waiting < waitingMax) return
      throw new ServingError(
        'RESOURCE_EXHAUSTED',
        `training data of ${waiting} uploads waits to be processed, which is the limit; try again later`,
        { retryAfterMs: RETRY_AFTER_MS },
      )
    },
    add(job) {
      waiting++
      last = last.then(() => {
        waiting--
        return job()
      })
    },
    settled: () => last,
  }
}
