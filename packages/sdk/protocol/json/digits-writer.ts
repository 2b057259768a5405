// Not from ascii.ts: the engine folds a module's own constants, not those it imports.
const MINUS = 0x2d
const DIGIT_0 = 0x30

/** The two digits of each number below 100. */
const PAIRS = Uint8Array.from({ length: 200 }, (_, index) =>
  index % 2 === 0 ? DIGIT_0 + Math.floor(index / 20) : DIGIT_0 + (Math.floor(index / 2) % 10),
)

/** Memory to write to. */
export interface ByteTarget {
  readonly bytes: Buffer
  /** The same memory. */
  readonly view: DataView
}

const BILLION = 1_000_000_000

/** Decimal digits of an integer from 0 to 2^31 - 1. */
export function digitCount(value: number): number {
  if (value < 100_000) {
    if (value < 100) return value < 10 ? 1 : 2
    return value < 1000 ? 3 : value < 10_000 ? 4 : 5
  }
  if (value < 10_000_000) return value < 1_000_000 ? 6 : 7
  return value < 100_000_000 ? 8 : value < BILLION ? 9 : 10
}

/**
 * Writes an integer from 0 to 2^31 - 1 with exactly `digits` digits, zeros in front if need be.
 * @returns where the next byte goes
 */
export function writeDigits(bytes: Uint8Array, at: number, value: number, digits: number): number {
  let rest = value | 0
  let index = at + digits
  while (index - at >= 2) {
    const quotient = (rest / 100) | 0
    const pair = (rest - quotient * 100) << 1
    rest = quotient
    bytes[--index] = PAIRS[pair + 1]!
    bytes[--index] = PAIRS[pair]!
  }
  if (index > at) bytes[at] = DIGIT_0 + rest
  return at + digits
}

/** Writes an integer from 0 to 99,999,999 with exactly eight digits. */
export function writeEightDigits({ view }: ByteTarget, at: number, value: number): void {
  const upper = (value / 10_000) | 0
  view.setInt32(at, fourDigits(upper), true)
  view.setInt32(at + 4, fourDigits(value - upper * 10_000), true)
}

/** The ASCII digits of an integer below 10,000, the first one in the lowest byte. */
function fourDigits(value: number): number {
  // Two numbers below 100 side by side, each divided by ten in its own 16 bits: x × 103 / 1024.
  const upper = (value / 100) | 0
  const pairs = upper | ((value - upper * 100) << 16)
  const tens = ((pairs * 103) >>> 10) & 0x000f000f
  return tens | ((pairs - tens * 10) << 8) | 0x30303030
}

/**
 * Writes an integer of at most 2^53 in magnitude, in at most 17 bytes.
 * @returns where the next byte goes
 */
export function writeInteger(bytes: Uint8Array, start: number, value: number): number {
  let at = start
  let rest = value
  if (rest < 0) {
    bytes[at++] = MINUS
    rest = -rest
  }
  if (rest < BILLION) return writeDigits(bytes, at, rest, digitCount(rest))
  const upper = Math.floor(rest / BILLION)
  at = writeDigits(bytes, at, upper, digitCount(upper))
  return writeDigits(bytes, at, rest - upper * BILLION, 9)
}
