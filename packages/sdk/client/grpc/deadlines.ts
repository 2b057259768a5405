/** The longest that Node's timers count; beyond it they fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** A call as the queue sees it. */
export interface Expiring {
  /** On the clock of `performance.now()`; does not change while the entry is in the queue. */
  readonly expiresAtMs: number
  /** Where the entry stands; the queue's own, -1 outside. */
  queueIndex: number
  readonly onDeadline: () => void
}

/**
 * Deadlines of running calls, with one timer for the earliest of them, which is left running when its call is over: a
 * call in time costs no timer. A heap in an array: entry i expires no later than entries 2i + 1 and 2i + 2.
 */
export class Deadlines {
  readonly #entries: Expiring[] = []
  #timer: NodeJS.Timeout | undefined
  #timerAtMs = Number.POSITIVE_INFINITY

  get size(): number {
    return this.#entries.length
  }

  add(entry: Expiring): void {
    this.#moveUp(entry, this.#entries.length)
    if (entry.expiresAtMs < this.#timerAtMs) this.#start(entry.expiresAtMs)
  }

  /** Does nothing for an entry that is not here. */
  delete(entry: Expiring): void {
    const index = entry.queueIndex
    if (index < 0) return
    entry.queueIndex = -1
    const last = this.#entries.pop()!
    if (last === entry) return
    this.#moveUp(last, index)
    if (last.queueIndex === index) this.#moveDown(last, index)
  }

  #place(entry: Expiring, index: number): void {
    this.#entries[index] = entry
    entry.queueIndex = index
  }

  #moveUp(entry: Expiring, from: number): void {
    let index = from
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = this.#entries[parentIndex]!
      if (parent.expiresAtMs <= entry.expiresAtMs) break
      this.#place(parent, index)
      index = parentIndex
    }
    this.#place(entry, index)
  }

  #moveDown(entry: Expiring, from: number): void {
    let index = from
    for (;;) {
      const left = this.#entries[2 * index + 1]
      const right = this.#entries[2 * index + 2]
      const child = right !== undefined && right.expiresAtMs < left!.expiresAtMs ? right : left
      if (child === undefined || child.expiresAtMs >= entry.expiresAtMs) break
      const childIndex = child.queueIndex
      this.#place(child, index)
      index = childIndex
    }
    this.#place(entry, index)
  }

  #start(atMs: number): void {
    clearTimeout(this.#timer)
    this.#timerAtMs = atMs
    const delayMs = Math.max(1, Math.ceil(atMs - performance.now()))
    // The sockets of running calls keep the process alive.
    this.#timer = setTimeout(() => this.#expire(), Math.min(delayMs, MAX_TIMER_MS)).unref()
  }

  #expire(): void {
    this.#timerAtMs = Number.POSITIVE_INFINITY
    const nowMs = performance.now()
    let first = this.#entries[0]
    while (first !== undefined && first.expiresAtMs <= nowMs) {
      this.delete(first)
      first.onDeadline()
      first = this.#entries[0]
    }
    if (first !== undefined && first.expiresAtMs < this.#timerAtMs) this.#start(first.expiresAtMs)
  }
}
