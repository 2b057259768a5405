/** How much is kept for those who come later. */
const KEPT_LINES = 2000
const KEPT_CHARACTERS = 1024 * 1024

/** The latest lines of a log, in bounded memory, for any number of readers. */
export interface LineRing {
  readonly add: (line: string) => void
  /** What is kept, oldest first; with `follow` also what comes, until `signal` or the end of the log. */
  readonly read: (options: {
    readonly follow: boolean
    readonly signal?: AbortSignal
  }) => AsyncIterable<string>
  /** Nothing more will come. Idempotent. */
  readonly end: () => void
}

export function createLineRing(): LineRing {
  return new Ring()
}

class Ring implements LineRing {
  readonly #lines: string[] = []
  #characters = 0
  /** The number of the first line that is kept, since the beginning. */
  #first = 0
  #hasEnded = false
  readonly #waiting = new Set<() => void>()

  readonly add = (line: string): void => {
    if (this.#hasEnded) return
    this.#lines.push(line)
    this.#characters += line.length
    while (this.#lines.length > KEPT_LINES || this.#characters > KEPT_CHARACTERS) {
      this.#characters -= this.#lines.shift()!.length
      this.#first++
    }
    this.#wake()
  }

  readonly end = (): void => {
    this.#hasEnded = true
    this.#wake()
  }

  /** A reader that is slower than the log misses lines, and is told how many. */
  async *read({
    follow,
    signal,
  }: {
    readonly follow: boolean
    readonly signal?: AbortSignal
  }): AsyncGenerator<string> {
    let at = this.#first
    const end = follow ? Number.POSITIVE_INFINITY : this.#first + this.#lines.length
    while (at < end) {
      if (signal?.aborted === true) return
      if (at < this.#first) {
        yield leftOut(`${this.#first - at} lines`)
        at = this.#first
      } else if (at < this.#first + this.#lines.length) {
        yield this.#lines[at++ - this.#first]!
      } else if (this.#hasEnded) {
        return
      } else {
        await this.#next(signal)
      }
    }
  }

  /** Settles with the next line, the end or the signal. */
  #next(signal: AbortSignal | undefined): Promise<void> {
    return new Promise(resolve => {
      const wake = () => {
        this.#waiting.delete(wake)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.add(wake)
      signal?.addEventListener('abort', wake, { once: true })
    })
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }
}

/** The line that stands for others, in a log. */
export function leftOut(what: string): string {
  return `… ${what} left out`
}
