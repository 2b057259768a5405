/** Runs pieces of work one after the other, in the order in which they were asked for. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>

/** Work that fails does not keep the next from its turn. Work must not ask for a turn of its own: it would wait for itself. */
export function createInTurn(): InTurn {
  let last: Promise<unknown> = Promise.resolve()
  return work => {
    const turn = last.then(work, work)
    last = turn.catch(() => {})
    return turn
  }
}
