/** At most so many tasks at once; the others wait in the order they came. */
export interface Slots {
  /** @throws the signal's reason if it is aborted before the task's turn; what the task throws */
  run<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T>
}

export function createSlots(count: number): Slots {
  let free = count
  const waiting = new Set<() => void>()
  const turn = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted()
    if (free > 0) {
      free--
      return
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const leave = () => {
      waiting.delete(resolve)
      reject(signal.reason)
    }
    waiting.add(resolve)
    signal.addEventListener('abort', leave)
    await promise.finally(() => signal.removeEventListener('abort', leave))
  }
  const pass = () => {
    const [next] = waiting
    if (next === undefined) {
      free++
      return
    }
    waiting.delete(next)
    next()
  }
  return {
    async run(signal, task) {
      await turn(signal)
      try {
        return await task()
      } finally {
        pass()
      }
    },
  }
}
