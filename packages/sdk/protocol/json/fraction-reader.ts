import type { JsonReader } from './json-reader.ts'

// Not from ascii.ts: the engine folds a module's own constants, not those it imports.
const SPACE = 0x20
const COMMA = 0x2c
const MINUS = 0x2d
const DOT = 0x2e
const DIGIT_9 = 0x39
const LOWER_E = 0x65
/** What makes an upper letter lower. */
const LOWER = 0x20
/** `0000` and `0.`, as little-endian words. */
const ZEROS = 0x30303030
const ZERO_DOT = 0x2e30

const MAX_WHOLE_DIGITS = 3
/** A sign, {@link MAX_WHOLE_DIGITS}, a dot, twelve digits and three bytes behind them are looked at unasked. */
const MAX_BYTES = 20

/**
 * Reads the numbers at the cursor, with commas and at most one space between, as long as they have the form
 * that most floats have: up to three digits, a dot and up to twelve digits, or any count of digits if they are
 * to become float32.
 *
 * How many digits there are is beyond prediction, so it always takes twelve behind the dot: those that are
 * not there count as zeros. It takes four bytes at a time.
 * @param into is filled from index `from` up to `limit`
 * @param isSingle whether the numbers are to become float32; then a double may also be another than the
 *   nearest, if both round to the same float32
 * @returns the index behind the last number that was read; the cursor is behind that number, or still at the
 *   first one
 */
export function readFractions(
  reader: JsonReader,
  into: Float64Array,
  from: number,
  limit: number,
  isSingle: boolean,
): number {
  const { view } = reader
  const end = view.byteLength
  const last = end - MAX_BYTES
  let { position } = reader
  let count = from
  while (position <= last) {
    const word = view.getInt32(position, true)
    const minus = (((word & 0xff) ^ MINUS) - 1) >>> 31
    let whole = ((word >>> (minus << 3)) & 0xffff) - ZERO_DOT
    let at = (position + minus + 2) | 0
    if (whole < 0 || whole > 9) {
      // Not one digit and a dot: two or three?
      const digits = view.getInt32(at - 2, true) ^ ZEROS
      const length = maskLength(digitsMask(digits))
      if (length < 2 || length > MAX_WHOLE_DIGITS || (digits & 0xff) === 0) break
      whole = pairUp(digits << (32 - 8 * length))
      at = (at + length - 1) | 0
      if (view.getUint8(at - 1) !== DOT) break
    }

    let value = 0
    let next = 0
    const digits0 = view.getInt32(at, true) ^ ZEROS
    const mask0 = digitsMask(digits0)
    const upper = (whole * 10_000 + pairUp(digits0 & mask0)) | 0
    if (mask0 !== -1) {
      if (mask0 === 0) break
      value = upper / 1e4
      at = (at + maskLength(mask0)) | 0
      next = view.getUint8(at)
    } else {
      const digits1 = view.getInt32(at + 4, true) ^ ZEROS
      const digits2 = view.getInt32(at + 8, true) ^ ZEROS
      const mask1 = digitsMask(digits1)
      const mask2 = digitsMask(digits2) & (mask1 >> 31)
      // At most 15 digits, so both this and the power are exact, and the quotient is rounded once.
      const digits = upper * 1e8 + (pairUp(digits1 & mask1) * 10_000 + pairUp(digits2 & mask2))
      value = digits / 1e12
      at = (at + 4 + ((64 - Math.clz32(mask1) - Math.clz32(mask2)) >>> 3)) | 0
      next = view.getUint8(at)
      if (mask2 === -1 && continues(next)) {
        // The digits that follow make the value larger, by less than one in the last place so far.
        if (!isSingle || Math.fround(value) !== Math.fround((digits + 1) / 1e12)) break
        let mask = -1
        while (mask === -1 && at + 6 < end) {
          mask = digitsMask(view.getInt32(at, true) ^ ZEROS)
          at = (at + maskLength(mask)) | 0
        }
        next = view.getUint8(at)
      }
    }
    if (continues(next)) break

    into[count] = value * (1 - 2 * minus)
    count = (count + 1) | 0
    reader.position = at
    if (next !== COMMA || count === limit) break
    position = (at + 1) | 0
    if (view.getUint8(position) <= SPACE) {
      position = (position + 1) | 0
      if (view.getUint8(position) <= SPACE) break
    }
  }
  return count
}

/**
 * A mask of those bytes that are in front of the first one that is no digit.
 * @param digits four bytes, the first one lowest, less `0` each
 */
function digitsMask(digits: number): number {
  // Adding 118 sets the highest bit from 10 on. What overflows only disturbs bytes behind such a one.
  const others = (((digits + 0x76767676) | digits) & 0x80808080) >>> 7
  return (others - 1) & ~others
}

function maskLength(mask: number): number {
  return (32 - Math.clz32(mask)) >>> 3
}

/** The value of four digits that each have a byte, the first one in the lowest. */
function pairUp(digits: number): number {
  const pairs = digits * 10 + (digits >>> 8)
  return Math.imul(pairs & 0x00ff00ff, 0x00640001) >>> 16
}

/** Whether a byte behind a number's digits belongs to the number, or makes it none. */
function continues(byte: number): boolean {
  return byte >= DOT && (byte <= DIGIT_9 || (byte | LOWER) === LOWER_E)
}
