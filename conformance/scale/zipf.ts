import type { Random } from '../fuzz/inputs/random.ts'

const RANGE = 2 ** 32

/** Draws ranks from 0 on; the share of rank `r` is proportional to `1 / (r + 1) ** exponent`. */
export class Zipf {
  /** The share of all ranks up to each one. */
  readonly #cumulative: Float64Array

  constructor(count: number, exponent = 1) {
    if (!Number.isInteger(count) || count < 1) throw new RangeError(`${count} ranks cannot be drawn from`)
    const cumulative = new Float64Array(count)
    let total = 0
    for (let rank = 0; rank < count; rank++) {
      total += 1 / (rank + 1) ** exponent
      cumulative[rank] = total
    }
    for (let rank = 0; rank < count; rank++) cumulative[rank]! /= total
    this.#cumulative = cumulative
  }

  /** What the `count` most frequent ranks have together: what a memory for so many could answer at best. */
  shareOf(count: number): number {
    return count <= 0 ? 0 : (this.#cumulative[Math.min(count, this.#cumulative.length) - 1] ?? 0)
  }

  draw(random: Random): number {
    const at = random.next() / RANGE
    let low = 0
    let high = this.#cumulative.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#cumulative[middle]! > at) high = middle
      else low = middle + 1
    }
    return low
  }
}
