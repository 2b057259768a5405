/** How much output of one replica is read into lines: a burst, and so much a second after it. */
const BURST_BYTES = 4 * 1024 * 1024
const BYTES_PER_SECOND = 1024 * 1024

/** Decides which pieces of output are kept. A replica that writes more is never held up for it: the rest is left out. */
export interface OutputBudget {
  /** Whether a piece of this size is kept. `left` is how many bytes were left out right before it. */
  readonly take: (sizeBytes: number) => { readonly isKept: boolean; readonly left: number }
}

/** @param nowMs a clock that only goes forward */
export function createOutputBudget(nowMs: () => number = () => performance.now()): OutputBudget {
  let available = BURST_BYTES
  let filledMs = nowMs()
  let left = 0
  return {
    take(sizeBytes) {
      const now = nowMs()
      available = Math.min(BURST_BYTES, available + ((now - filledMs) / 1000) * BYTES_PER_SECOND)
      filledMs = now
      if (sizeBytes > available) {
        left += sizeBytes
        return { isKept: false, left: 0 }
      }
      available -= sizeBytes
      const gap = left
      left = 0
      return { isKept: true, left: gap }
    },
  }
}
