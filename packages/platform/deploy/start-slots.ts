/** How long a start may keep others from theirs; one that is slow to get ready does not need the processors for itself. */
const LONGEST_HOLD_MS = 10_000

/** Bounds how many replicas start at a time, so that many do not keep each other from getting ready in time. */
export interface StartSlots {
  /** Waits for a turn, first come first served. Returns how to end it. Rejects with the signal's reason. */
  readonly take: (signal: AbortSignal) => Promise<() => void>
}

export function createStartSlots(count: number, longestHoldMs = LONGEST_HOLD_MS): StartSlots {
  const waiting = new Set<() => void>()
  let free = count
  const begin = () => {
    free--
    const release = () => {
      clearTimeout(timer)
      if (hasEnded) return
      hasEnded = true
      free++
      const [next] = waiting
      next?.()
    }
    let hasEnded = false
    const timer = setTimeout(release, longestHoldMs).unref()
    return release
  }
  return {
    take(signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        if (free > 0) return resolve(begin())
        const next = () => {
          waiting.delete(next)
          signal.removeEventListener('abort', withdraw)
          resolve(begin())
        }
        const withdraw = () => {
          waiting.delete(next)
          reject(signal.reason)
        }
        waiting.add(next)
        signal.addEventListener('abort', withdraw, { once: true })
      })
    },
  }
}
