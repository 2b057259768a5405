import type { WorkerSeat } from './worker-seat.ts'

/** Of the workers that are there, one that loads nothing, and of those the one whose models take least. */
export function roomiestSeat(seats: readonly WorkerSeat[]): WorkerSeat | undefined {
  return seats.filter(({ hasJoined }) => hasJoined).toSorted(byRoom)[0]
}

function byRoom(a: WorkerSeat, b: WorkerSeat): number {
  return (
    a.loadingCount - b.loadingCount ||
    a.heldBytes - b.heldBytes ||
    a.heldCount - b.heldCount ||
    a.link.inFlightCount - b.link.inFlightCount
  )
}
