import * as decimal from './decimal.ts'
import type { JsonReader } from './json-reader.ts'

// Not from ascii.ts, and copied from decimal.ts: the engine folds a module's own constants into its
// code, but loads and checks an imported one each time.
const TAB = 0x09
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
const PLUS = 0x2b
const COMMA = 0x2c
const MINUS = 0x2d
const DOT = 0x2e
const DIGIT_0 = 0x30
const DIGIT_9 = 0x39
const UPPER_E = 0x45
const LOWER_E = 0x65
const LOWER_N = 0x6e
const POWERS_OF_TEN = decimal.POWERS_OF_TEN
const MAX_POWER = decimal.MAX_POWER
const scaleDecimal = decimal.scaleDecimal

/** Digits that a double holds exactly whatever they are; those after them are gathered apart. */
const HEAD_DIGITS = 15
const TAIL_DIGITS = 9
/** Powers of ten up to here are doubles without any error. */
const MAX_EXACT_POWER = 22
/** Beyond it every double is zero or infinite, so a longer exponent need not be counted out. */
const EXPONENT_LIMIT = 100_000

/**
 * Reads numbers of any form and `null`, with {@link readNumbers}' contract, but into `into` from index
 * `from` up to `limit`.
 *
 * This is hot for long numbers, hence one long function. It takes four bytes at a time.
 * @returns the index behind the last one that was read; `from`, with the cursor where it was, when something
 *   else is at the cursor
 */
export function readAnyNumbers(
  reader: JsonReader,
  into: Float64Array,
  from: number,
  limit: number,
  isSingle: boolean,
): number {
  const { view } = reader
  const end = view.byteLength
  let { position } = reader
  let count = from
  for (;;) {
    const start = position
    let word = wordAt(view, position, end)
    const isNegative = (word & 0xff) === MINUS
    if (isNegative) word = wordAt(view, ++position, end)

    // The digits, with or without a dot among them, are head × 10^tailDigits + tail.
    const first = position
    let head = 0
    let headDigits = 0
    let tail = 0
    let tailDigits = 0
    let isTooLong = false
    let fraction = -1
    let next = 0
    for (;;) {
      while (hasFourDigits(word)) {
        const digits = pairUp(word & 0x0f0f0f0f)
        if (headDigits <= HEAD_DIGITS - 4) {
          head = head * 10_000 + digits
          headDigits += 4
        } else if (tailDigits <= TAIL_DIGITS - 4) {
          tail = tail * 10_000 + digits
          tailDigits += 4
        } else isTooLong = true
        position += 4
        word = wordAt(view, position, end)
      }
      const length = leadingDigits(word)
      if (length > 0) {
        const digits = pairUp((word & 0x0f0f0f0f) << (32 - 8 * length))
        if (tailDigits === 0 && headDigits + length <= HEAD_DIGITS) {
          head = head * POWERS_OF_TEN[length]! + digits
          headDigits += length
        } else if (tailDigits + length <= TAIL_DIGITS) {
          tail = tail * POWERS_OF_TEN[length]! + digits
          tailDigits += length
        } else isTooLong = true
        position += length
      }
      next = (word >>> (8 * length)) & 0xff
      if (next !== DOT || fraction >= 0 || position === first) break
      fraction = ++position
      word = wordAt(view, position, end)
    }

    if (position === first) {
      if (isNegative) reader.fail("expected a digit after '-'", position)
      if (next !== LOWER_N) return count
      reader.position = position
      reader.readLiteral('null')
      position = reader.position
      into[count++] = Number.NaN
      next = byteAt(view, position, end)
    } else {
      let exponent = 0
      if (fraction >= 0) {
        if (position === fraction) reader.fail("expected a digit after '.'", position)
        exponent = fraction - position
      }
      if (view.getUint8(first) === DIGIT_0 && (fraction < 0 ? position : fraction - 1) > first + 1) {
        reader.fail('a number starts with 0', start)
      }
      if (next === LOWER_E || next === UPPER_E) {
        next = byteAt(view, ++position, end)
        const isSmall = next === MINUS
        if (isSmall || next === PLUS) next = byteAt(view, ++position, end)
        const firstDigit = position
        let written = 0
        while (next >= DIGIT_0 && next <= DIGIT_9) {
          if (written < EXPONENT_LIMIT) written = written * 10 + (next - DIGIT_0)
          next = byteAt(view, ++position, end)
        }
        if (position === firstDigit) reader.fail('expected a digit in the exponent', position)
        exponent += isSmall ? -written : written
      }

      let value = Number.NaN
      if (!isTooLong && exponent >= -MAX_POWER && exponent <= MAX_POWER) {
        if (tailDigits === 0 && exponent >= -MAX_EXACT_POWER && exponent <= MAX_EXACT_POWER) {
          // A significand and a power of ten that are both exact give a result that is rounded once.
          if (exponent < 0) value = head / POWERS_OF_TEN[-exponent]!
          else value = head * POWERS_OF_TEN[exponent]!
        } else {
          if (isSingle) value = approximate(head, tail, tailDigits, exponent)
          // oxlint-disable-next-line no-self-compare -- NaN: too close to call
          if (value !== value) value = scaleDecimal(head, tail, tailDigits, exponent)
        }
      }
      // oxlint-disable-next-line no-self-compare -- NaN: none of the short ways could tell
      if (value !== value) value = Number(reader.text(first, position))
      into[count++] = isNegative ? -value : value
    }

    reader.position = position
    if (count === limit) return count
    if (next !== COMMA) {
      position = skipSpace(view, position, end)
      if (byteAt(view, position, end) !== COMMA) return count
    }
    position++
    if (byteAt(view, position, end) <= SPACE) position = skipSpace(view, position, end)
  }
}

/**
 * A double that rounds to the same float32 as the nearest double does; NaN if that cannot be told.
 * With four roundings, each wrong by half a double at most, it is a few doubles off.
 */
function approximate(head: number, tail: number, tailDigits: number, exponent: number): number {
  const sum = head * POWERS_OF_TEN[tailDigits]! + tail
  const value = exponent < 0 ? sum / POWERS_OF_TEN[-exponent]! : sum * POWERS_OF_TEN[exponent]!
  // Subnormal float32 have fewer bits, and so other borders.
  if (value < MIN_NORMAL_FLOAT32) return Number.NaN
  // Two float32 meet where the 29 bits that only a double has are a one and zeros.
  scratch[0] = value
  const fromBorder = (scratchWords[0]! & 0x1fffffff) - 0x10000000
  return fromBorder > 8 || fromBorder < -8 ? value : Number.NaN
}

/** Twice the least normal one. */
const MIN_NORMAL_FLOAT32 = 2 ** -125
const scratch = new Float64Array(1)
const scratchWords = new Uint32Array(scratch.buffer)

/** The next four bytes, the first one lowest; zeros behind the end. */
function wordAt(view: DataView, position: number, end: number): number {
  if (position + 4 <= end) return view.getInt32(position, true)
  let word = 0
  for (let index = end - 1; index >= position; index--) word = (word << 8) | view.getUint8(index)
  return word
}

function byteAt(view: DataView, position: number, end: number): number {
  return position < end ? view.getUint8(position) : 0
}

/** Whether all four bytes are digits: their upper half is 3, and is still 3 when 6 is added. */
function hasFourDigits(word: number): boolean {
  return (((word & 0xf0f0f0f0) ^ 0x30303030) | (((word + 0x06060606) & 0xf0f0f0f0) ^ 0x30303030)) === 0
}

/** How many of four bytes are digits, counted from the lowest up to the first that is none. */
function leadingDigits(word: number): number {
  const others = ((word & 0xf0f0f0f0) ^ 0x30303030) | (((word + 0x06060606) & 0xf0f0f0f0) ^ 0x30303030)
  return (31 - Math.clz32(others & -others)) >>> 3
}

/** The value of four digits that each have a byte, the first one in the lowest. */
function pairUp(digits: number): number {
  const pairs = digits * 10 + (digits >>> 8)
  return Math.imul(pairs & 0x00ff00ff, 0x00640001) >>> 16
}

function skipSpace(view: DataView, start: number, end: number): number {
  let position = start
  while (position < end) {
    const byte = view.getUint8(position)
    if (byte !== SPACE && byte !== LINE_FEED && byte !== TAB && byte !== CARRIAGE_RETURN) break
    position++
  }
  return position
}
