/** The latest of what was said under each key: however slow the reader is, no more is kept than there are keys. */
interface Latest<T> {
  set(key: string, value: T): void
  /** Waits for something, and gives and forgets at most `max`; `undefined` once the signal is aborted. */
  take(max: number): Promise<readonly (readonly [key: string, value: T])[] | undefined>
}

export function createLatest<T>(signal: AbortSignal): Latest<T> {
  const values = new Map<string, T>()
  let news = Promise.withResolvers<void>()
  return {
    set(key, value) {
      // The order is that of the last changes.
      values.delete(key)
      values.set(key, value)
      news.resolve()
    },
    async take(max) {
      while (values.size === 0 && !signal.aborted) {
        news = Promise.withResolvers()
        const { promise, resolve } = news
        const onAbort = () => resolve()
        signal.addEventListener('abort', onAbort, { once: true })
        await promise
        signal.removeEventListener('abort', onAbort)
      }
      if (signal.aborted) return undefined
      const taken = [...values].slice(0, max)
      for (const [key] of taken) values.delete(key)
      return taken
    },
  }
}
