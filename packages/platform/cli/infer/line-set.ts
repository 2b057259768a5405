import { CommandFailure } from '../command-failure.ts'
import { EXIT } from '../exit-codes.ts'

/** 8 billion lines are a gibibyte of bits. */
const MAX_INDEX = 2 ** 33

/** Which lines are done, at one bit each. */
export class LineSet {
  #bits = new Uint8Array(1024)
  #count = 0

  get count(): number {
    return this.#count
  }

  /** @throws CommandFailure for an index that no file has */
  add(index: number): void {
    if (index >= MAX_INDEX) {
      throw new CommandFailure(
        `line ${index} of the output is beyond the ${MAX_INDEX} lines that can be resumed`,
        EXIT.configuration,
      )
    }
    const at = Math.floor(index / 8)
    if (at >= this.#bits.length) {
      const larger = new Uint8Array(Math.max(at + 1, 2 * this.#bits.length))
      larger.set(this.#bits)
      this.#bits = larger
    }
    const bit = 1 << (index % 8)
    if ((this.#bits[at]! & bit) === 0) this.#count++
    this.#bits[at]! |= bit
  }

  has(index: number): boolean {
    return ((this.#bits[Math.floor(index / 8)] ?? 0) & (1 << (index % 8))) !== 0
  }
}
