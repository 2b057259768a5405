// Not from ascii.ts: the engine folds a module's own constants, not those it imports.
const MINUS = 0x2d
const DIGIT_0 = 0x30

/**
 * The three digits of each number below 1000, the first one in the lowest byte and nothing in the
 * highest. A table for four digits would push everything else out of the fastest cache.
 */
export const TRIPLES: Int32Array = Int32Array.from(
  { length: 1000 },
  (_, value) =>
    (DIGIT_0 + Math.floor(value / 100)) |
    ((DIGIT_0 + (Math.floor(value / 10) % 10)) << 8) |
    ((DIGIT_0 + (value % 10)) << 16),
)

/** Memory to write to. */
export interface ByteTarget {
  readonly bytes: Buffer
  /** The same memory. */
  readonly view: DataView
}

// Each function may also overwrite up to three bytes behind its digits, for which there must be room.

const BILLION = 1_000_000_000

/** Writes an integer from 0 to 999,999,999 with exactly nine digits. */
export function writeNineDigits(view: DataView, at: number, value: number): void {
  const millions = (value / 1_000_000) | 0
  const thousands = (value / 1000) | 0
  view.setInt32(at, TRIPLES[millions]!, true)
  view.setInt32(at + 3, TRIPLES[thousands - millions * 1000]!, true)
  view.setInt32(at + 6, TRIPLES[value - thousands * 1000]!, true)
}

/**
 * Writes an integer from 0 to 999,999,999.
 * @returns where the next byte goes
 */
export function writeWhole(view: DataView, at: number, value: number): number {
  if (value < 1000) return writeUpToThree(view, at, value)
  const thousands = (value / 1000) | 0
  const last = TRIPLES[value - thousands * 1000]!
  if (value < 1_000_000) {
    const next = writeUpToThree(view, at, thousands)
    view.setInt32(next, last, true)
    return (next + 3) | 0
  }
  const millions = (value / 1_000_000) | 0
  const next = writeUpToThree(view, at, millions)
  view.setInt32(next, TRIPLES[thousands - millions * 1000]!, true)
  view.setInt32(next + 3, last, true)
  return (next + 6) | 0
}

/** Without a branch: how many digits a number has is beyond prediction. */
function writeUpToThree(view: DataView, at: number, value: number): number {
  const length = (1 + ((9 - value) >>> 31) + ((99 - value) >>> 31)) | 0
  view.setInt32(at, TRIPLES[value]! >>> (24 - 8 * length), true)
  return (at + length) | 0
}

/**
 * Writes an integer of at most 2^53 in magnitude, in at most 17 bytes.
 * @returns where the next byte goes
 */
export function writeInteger({ bytes, view }: ByteTarget, start: number, value: number): number {
  let at = start
  let rest = value
  if (rest < 0) {
    bytes[at++] = MINUS
    rest = -rest
  }
  if (rest < BILLION) return writeWhole(view, at, rest | 0)
  const upper = Math.floor(rest / BILLION)
  at = writeWhole(view, at, upper | 0)
  writeNineDigits(view, at, (rest - upper * BILLION) | 0)
  return (at + 9) | 0
}
