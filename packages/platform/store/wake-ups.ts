/**
 * Wakes those who wait for something new under a topic. Nothing is lost between looking and waiting: whoever takes a
 * mark before it looks is woken by everything that came after the mark.
 */
export interface WakeUps {
  /** To be taken before looking. */
  mark(): number
  /** Resolves when something was woken after the mark: true; or false when a signal is aborted. */
  waitAfter(topic: string, mark: number, signal?: AbortSignal): Promise<boolean>
  wake(topic: string): void
  /** Wakes everybody, for when it is not known what was missed. */
  wakeAll(): void
  /** Ends every wait, now and later, as an aborted signal would. */
  close(): void
  readonly isClosed: boolean
}

export function createWakeUps(): WakeUps {
  // One count for all topics, so that nothing has to be kept of those that nobody waits for.
  let count = 0
  const waiting = new Map<string, Set<(isNews: boolean) => void>>()

  let isClosed = false
  const release = (topic: string) => {
    for (const wakeUp of waiting.get(topic) ?? []) wakeUp(true)
  }

  return {
    mark: () => count,
    waitAfter(topic, mark, signal) {
      if (isClosed || signal?.aborted === true) return Promise.resolve(false)
      // Something else may have happened meanwhile; looking once too often does no harm.
      if (count > mark) return Promise.resolve(true)
      const { promise, resolve } = Promise.withResolvers<boolean>()
      const sleepers = waiting.get(topic) ?? new Set()
      waiting.set(topic, sleepers)
      const wakeUp = (isNews: boolean) => {
        sleepers.delete(wakeUp)
        if (sleepers.size === 0 && waiting.get(topic) === sleepers) waiting.delete(topic)
        signal?.removeEventListener('abort', stop)
        resolve(isNews)
      }
      const stop = () => wakeUp(false)
      sleepers.add(wakeUp)
      signal?.addEventListener('abort', stop, { once: true })
      return promise
    },
    wake(topic) {
      count++
      release(topic)
    },
    wakeAll() {
      count++
      for (const topic of waiting.keys()) release(topic)
    },
    close() {
      isClosed = true
      for (const sleepers of waiting.values()) {
        for (const wakeUp of sleepers) wakeUp(false)
      }
    },
    get isClosed() {
      return isClosed
    },
  }
}
