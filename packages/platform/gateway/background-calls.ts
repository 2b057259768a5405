/** Work that nobody waits for, within a bound. */
export interface BackgroundCalls {
  /**
   * Starts a piece of work soon, after what is being done now; beyond the bound it is left out and counted. What it
   * throws is its own affair.
   * @param sizeBytes what it holds until it is done
   */
  start(sizeBytes: number, work: (signal: AbortSignal) => Promise<unknown>): void
  /** How many pieces of work were left out. */
  readonly droppedCount: number
  readonly runningCount: number
  /** Ends what runs, and starts nothing any more. Idempotent. */
  close(): Promise<void>
}

interface BackgroundOptions {
  readonly maxCalls: number
  readonly maxBytes: number
  /** Called for each piece that is left out, with their number up to then. */
  readonly onDrop: (droppedCount: number) => void
}

export function createBackgroundCalls({ maxCalls, maxBytes, onDrop }: BackgroundOptions): BackgroundCalls {
  const closing = new AbortController()
  const running = new Set<Promise<void>>()
  let heldBytes = 0
  let droppedCount = 0

  const run = async (sizeBytes: number, work: (signal: AbortSignal) => Promise<unknown>) => {
    // Whatever is waited for is sent first.
    await new Promise<void>(resolve => void setImmediate(resolve))
    try {
      if (!closing.signal.aborted) await work(closing.signal)
    } catch {
      // Whoever gave the work has recorded what it wanted to know.
    } finally {
      heldBytes -= sizeBytes
    }
  }

  return {
    start(sizeBytes, work) {
      if (closing.signal.aborted) return
      if (running.size >= maxCalls || heldBytes + sizeBytes > maxBytes) {
        onDrop(++droppedCount)
        return
      }
      heldBytes += sizeBytes
      const call = run(sizeBytes, work).finally(() => running.delete(call))
      running.add(call)
    },
    get droppedCount() {
      return droppedCount
    },
    get runningCount() {
      return running.size
    },
    async close() {
      closing.abort()
      await Promise.all(running)
    },
  }
}
