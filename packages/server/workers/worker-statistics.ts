import type { WorkerUsage } from './messages.ts'
import type { WorkerKind } from './start-worker.ts'
import type { WorkerSeat } from './worker-seat.ts'

/** One worker at one moment. */
export interface WorkerStatistics {
  readonly pool: string
  /** Its place in the pool, from 0; a replacement takes the place of the one before. */
  readonly index: number
  readonly kind: WorkerKind
  /** The number of its thread or process. */
  readonly id: number
  /** False while it starts, and from its end until its replacement has loaded the pool's models. */
  readonly hasJoined: boolean
  readonly inFlightCount: number
  /** Requests that this worker has finished, without those of the ones before it. */
  readonly completedCount: number
  readonly restartCount: number
  /** Undefined for a worker that is too busy to say. */
  readonly usage: WorkerUsage | undefined
  /** How long it took to answer when asked for its usage: the delay of its event loop. */
  readonly delayMs: number | undefined
  /** True while it answers requests, or does not answer at all. */
  readonly isBusy: boolean
}

/** How long a worker may take to say how it is before it counts as busy. */
const ANSWER_TIMEOUT_MS = 200

export async function workerStatistics(
  pool: string,
  kind: WorkerKind,
  seat: WorkerSeat,
): Promise<WorkerStatistics> {
  const { link, index, restartCount } = seat
  const startedMs = performance.now()
  const usage = seat.hasJoined ? await within(ANSWER_TIMEOUT_MS, link.usage()) : undefined
  const { hasJoined } = seat
  const { id, inFlightCount, completedCount } = link
  return {
    pool,
    index,
    kind,
    id,
    hasJoined,
    inFlightCount,
    completedCount,
    restartCount,
    usage,
    delayMs: usage === undefined ? undefined : performance.now() - startedMs,
    isBusy: inFlightCount > 0 || (hasJoined && usage === undefined),
  }
}

async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T | undefined> {
  const { promise: expired, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, timeoutMs)
  try {
    // A worker that ends meanwhile says nothing either.
    return (await Promise.race([promise.catch(() => undefined), expired])) ?? undefined
  } finally {
    clearTimeout(timer)
  }
}
