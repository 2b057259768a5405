/** The longest that Node's timers count; beyond it they fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

export interface Expiring {
  /** On the clock of `performance.now()`; does not change while the entry is in the queue. */
  readonly expiresAtMs: number
  /** Where the entry stands; the queue's own, -1 outside. An entry is in one queue at a time. */
  queueIndex: number
  onDeadline(): void
}

/**
 * Deadlines of whatever is running, with one timer for the earliest: a request costs neither a timer nor
 * any memory of its own. A binary heap: entry i expires no later than 2i + 1 and 2i + 2, so that the usual
 * deadline, later than all before it, is simply the last.
 */
export class DeadlineQueue {
  readonly #heap: Expiring[] = []
  #timer: NodeJS.Timeout | undefined
  #timerAtMs = Number.POSITIVE_INFINITY

  get size(): number {
    return this.#heap.length
  }

  /** Adding an entry again does nothing; one that expires at no time (infinity) is not kept. */
  add(entry: Expiring): void {
    if (entry.queueIndex >= 0 || entry.expiresAtMs === Number.POSITIVE_INFINITY) return
    this.#rise(entry, this.#heap.length)
    if (entry.expiresAtMs < this.#timerAtMs) this.#arm(entry)
  }

  /** The timer is left alone: it finds out when it fires. Nothing happens for an entry that is not here. */
  delete(entry: Expiring): void {
    const index = entry.queueIndex
    if (index < 0) return
    entry.queueIndex = -1
    const last = this.#heap.pop()!
    if (last === entry) return
    if (index > 0 && last.expiresAtMs < this.#heap[(index - 1) >> 1]!.expiresAtMs) this.#rise(last, index)
    else this.#sink(last, index)
  }

  /** Puts `entry` where `index` is, or above it: what expires later moves down. */
  #rise(entry: Expiring, index: number): void {
    const heap = this.#heap
    let place = index
    while (place > 0) {
      const parentPlace = (place - 1) >> 1
      const parent = heap[parentPlace]!
      if (parent.expiresAtMs <= entry.expiresAtMs) break
      heap[place] = parent
      parent.queueIndex = place
      place = parentPlace
    }
    heap[place] = entry
    entry.queueIndex = place
  }

  /** Puts `entry` where `index` is, or below it: what expires earlier moves up. */
  #sink(entry: Expiring, index: number): void {
    const heap = this.#heap
    let place = index
    for (;;) {
      let childPlace = 2 * place + 1
      if (childPlace >= heap.length) break
      const right = heap[childPlace + 1]
      if (right !== undefined && right.expiresAtMs < heap[childPlace]!.expiresAtMs) childPlace++
      const child = heap[childPlace]!
      if (child.expiresAtMs >= entry.expiresAtMs) break
      heap[place] = child
      child.queueIndex = place
      place = childPlace
    }
    heap[place] = entry
    entry.queueIndex = place
  }

  #arm(next: Expiring): void {
    clearTimeout(this.#timer)
    this.#timerAtMs = next.expiresAtMs
    const delayMs = Math.max(1, Math.ceil(next.expiresAtMs - performance.now()))
    // Sockets keep the process alive while anybody waits for an answer.
    this.#timer = setTimeout(() => this.#expire(), Math.min(delayMs, MAX_TIMER_MS)).unref()
  }

  #expire(): void {
    this.#timer = undefined
    this.#timerAtMs = Number.POSITIVE_INFINITY
    const nowMs = performance.now()
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (first.expiresAtMs > nowMs) {
        // An entry that was just added may have armed it.
        if (first.expiresAtMs < this.#timerAtMs) this.#arm(first)
        return
      }
      this.delete(first)
      first.onDeadline()
    }
  }
}
