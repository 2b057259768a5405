/** Lets tasks go ahead one at a time, in the order in which they asked. */
export interface Turns {
  /**
   * Runs a task when its turn comes. A task that goes on after its signal was aborted keeps nobody waiting.
   * @throws the signal's reason if it is aborted before; then the task is not run. Else what the task throws.
   */
  take<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T>
}

export function createTurns(): Turns {
  let tail: Promise<void> = Promise.resolve()
  return {
    async take(signal, task) {
      const before = tail
      const { promise: over, resolve: end } = Promise.withResolvers<void>()
      // Whoever gives up while it waits still has its place: the next goes ahead when those before are over too.
      tail = before.then(() => over)
      const { promise: aborted, reject } = Promise.withResolvers<never>()
      const abort = (): void => {
        end()
        reject(signal.reason)
      }
      aborted.catch(() => undefined)
      signal.addEventListener('abort', abort)
      try {
        signal.throwIfAborted()
        await Promise.race([before, aborted])
        return await task()
      } finally {
        signal.removeEventListener('abort', abort)
        end()
      }
    },
  }
}
