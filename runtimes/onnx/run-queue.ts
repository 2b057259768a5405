/**
 * Lets runs of one model go ahead one at a time, in order, with the event loop between them: each blocks the thread, and
 * messages that withdraw a request that waits, or that are for another model, are read before the next.
 */
export interface RunQueue {
  /** @throws the signal's reason if it is aborted before the run's turn; then `run` is not called */
  run<T>(signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T>
}

export function createRunQueue(): RunQueue {
  const waiting: (() => void)[] = []
  let isRunning = false
  return {
    async run(signal, run) {
      signal?.throwIfAborted()
      if (isRunning) await new Promise<void>(resolve => waiting.push(resolve))
      isRunning = true
      try {
        signal?.throwIfAborted()
        return await run()
      } finally {
        const next = waiting.shift()
        if (next === undefined) isRunning = false
        else next()
      }
    },
  }
}
