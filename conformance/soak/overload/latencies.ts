/** Times of many requests, in milliseconds. */
export class Latencies {
  readonly #times: number[] = []

  add(timeMs: number): void {
    this.#times.push(timeMs)
  }

  get count(): number {
    return this.#times.length
  }

  /** The share of them that took no longer; `NaN` when there are none. */
  within(timeMs: number): number {
    return this.#times.filter(time => time <= timeMs).length / this.#times.length
  }

  /** The time that `share` of them did not exceed; `NaN` when there are none. */
  at(share: number): number {
    const sorted = this.#times.toSorted((a, b) => a - b)
    return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN
  }
}
