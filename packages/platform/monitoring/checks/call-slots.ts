/** Lets only so many do something at once; the others wait in turn. */
export interface CallSlots {
  run<T>(work: () => Promise<T>): Promise<T>
}

export function createCallSlots(count: number): CallSlots {
  const waiting: (() => void)[] = []
  let free = count
  return {
    async run(work) {
      if (free > 0) free--
      else await new Promise<void>(resolve => void waiting.push(resolve))
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next === undefined) free++
        else next()
      }
    },
  }
}
