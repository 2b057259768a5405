import { createHash } from 'node:crypto'

/** Numbers that look random and are the same for the same seed (Marsaglia's xorshift with 32 bits). */
export class Random {
  #state: number

  constructor(...seed: readonly (string | number)[]) {
    // The state must not be 0, which xorshift never leaves.
    this.#state = createHash('sha256').update(seed.join('/')).digest().readUInt32LE(0) || 1
  }

  /** An integer from 0 to 2^32 - 1. */
  next(): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state
    return state >>> 0
  }

  /** An integer from 0 to `limit - 1`. */
  below(limit: number): number {
    return this.next() % limit
  }

  /** True once in `times`. */
  isOneIn(times: number): boolean {
    return this.below(times) === 0
  }

  pick<T>(values: readonly T[]): T {
    if (values.length === 0) throw new RangeError('there is nothing to pick from')
    // The index is in range; a list may hold `undefined`.
    return values[this.below(values.length)] as T
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc((length + 3) & ~3)
    for (let offset = 0; offset < length; offset += 4) bytes.writeUInt32LE(this.next(), offset)
    return bytes.subarray(0, length)
  }

  /** Small most of the time, and up to `limit - 1` now and then: what parsers stumble over lies at both ends. */
  size(limit: number): number {
    return this.below(1 + this.below(1 + this.below(limit)))
  }
}
