import { type ByteTarget, TRIPLES as triples, writeNineDigits, writeWhole } from './digits-writer.ts'
import * as tables from './float32-tables.ts'

// Not from ascii.ts, and copied from the other modules: the engine folds a module's own constants into its
// code, but loads and checks an imported one each time.
const PLUS = 0x2b
const COMMA = 0x2c
const MINUS = 0x2d
const DOT = 0x2e
const DIGIT_0 = 0x30
const LOWER_E = 0x65
/** `0000` and `null` as little-endian words. */
const ZEROS = 0x30303030
const NULL = 0x6c6c756e
const TRIPLES = triples
const { NEXT_DECADE, DECADE, SCALE, SCALED_GAP } = tables
const { LEAD, LEAD_KEPT, LEAD_MOVED, LEAD_SHIFT, LEAD_LENGTH, LEAD_MIN, LEAD_MAX, SIGNIFICANT } = tables

/** Values pass through here, as their bits are wanted too: few enough to stay in the fastest cache. */
const values = new Float32Array(1024)
const valueBits = new Int32Array(values.buffer)
/** Below it a loop is faster than the call that copies typed arrays. */
const LOOP_LIMIT = 32

const MAGNITUDE_MASK = 0x7fffffff
const MANTISSA_MASK = 0x7fffff
const EXPONENT_MASK = 0xff

/** How many bytes a number and its comma may take, those behind them that are overwritten again included. */
export const MAX_FLOAT32_BYTES = 32

/** Up to here every integer is a float32, so that its own digits are the shortest. */
const EXACT_INTEGERS = 2 ** 24

/** The largest decimal exponent that is written out. */
const FIXED_MAX = 20

/** Many times the error of a scaled value or border, and what makes an integer of it. */
const DOUBT = 2 ** -20
const UNDOUBT = 2 ** 20

const POWERS_OF_TEN = Int32Array.from({ length: 10 }, (_, exponent) => 10 ** exponent)
const INVERSE_POWERS_OF_TEN = Float64Array.from({ length: 10 }, (_, exponent) => Number(`1e-${exponent}`))

/**
 * Writes `source` with commas between, each number as a decimal with the fewest digits that reads back as
 * the same float32, whether it is read as a float32 or as a double first. NaN and the infinities become
 * `null`.
 * @param target must have room for {@link MAX_FLOAT32_BYTES} each
 * @returns where the next byte goes
 */
export function writeFloat32s(
  target: ByteTarget,
  start: number,
  source: Float32Array | Float16Array,
): number {
  let at = start
  for (let from = 0; from < source.length; from += values.length) {
    const count = Math.min(source.length - from, values.length)
    if (count > LOOP_LIMIT) values.set(source.subarray(from, from + count))
    else for (let index = 0; index < count; index++) values[index] = source[from + index]!
    at = writeValues(target, at, count)
  }
  // The last comma is one too many.
  return at > start ? at - 1 : at
}

/**
 * Writes the first `count` of `values`, each with a comma behind it.
 *
 * The hot loop of every JSON response: almost every `| 0` in it tells the engine that an integer cannot
 * overflow and is not -0, without which `at` would be a double.
 */
function writeValues(target: ByteTarget, start: number, count: number): number {
  const { bytes, view } = target
  let at = start
  for (let index = 0; index < count; index++) {
    const bits = valueBits[index]!
    const magnitude = Math.abs(values[index]!)
    bytes[at] = MINUS
    at = (at + (bits >>> 31)) | 0
    const whole = magnitude | 0
    if (whole === magnitude && whole < EXACT_INTEGERS) {
      at = writeWhole(view, at, whole)
      // Parsers that know integers read `-0` as 0, and the sign is lost.
      if (whole === 0 && bits !== 0) {
        bytes[at++] = DOT
        bytes[at++] = DIGIT_0
      }
      bytes[at++] = COMMA
      continue
    }
    const biased = (bits >>> 23) & EXPONENT_MASK
    if (biased === EXPONENT_MASK) {
      at = (at - (bits >>> 31)) | 0
      view.setInt32(at, NULL, true)
      bytes[at + 4] = COMMA
      at = (at + 5) | 0
      continue
    }

    // Scale the value to nine digits before the point. Then every decimal closer to it than the gap reads
    // back as the value:
    //
    //     value - gap         value         value + gap
    //     ──┤───────────────────●───────────────────├──
    //
    // The gap is at least 2.9, so there are some of nine digits. If there is any of eight, seven or six
    // digits, the nearest of those is. How many digits are needed is beyond prediction, so the first
    // three cases share their code.
    const row = 2 * biased + ((NEXT_DECADE[biased]! - 1 - (bits & MAGNITUDE_MASK)) >>> 31)
    const scaled = magnitude * SCALE[row]!
    const gap = SCALED_GAP[row]!
    let exponent = DECADE[row]!
    const eight = (((scaled * 0.1 + 0.5) | 0) * 10) | 0
    const seven = (((scaled * 0.01 + 0.5) | 0) * 100) | 0
    const six = (((scaled * 0.001 + 0.5) | 0) * 1000) | 0
    // Negative if the decimal reads back as the value; 0 if that is too close to call.
    const beyond8 = ((Math.abs(eight - scaled) - gap) * UNDOUBT) | 0
    const beyond7 = ((Math.abs(seven - scaled) - gap) * UNDOUBT) | 0
    const beyond6 = ((Math.abs(six - scaled) - gap) * UNDOUBT) | 0
    let digits = 0
    let length = SIGNIFICANT
    if (beyond8 !== 0 && beyond7 !== 0 && beyond6 > 0 && (bits & MANTISSA_MASK) !== 0) {
      const nine = (scaled + 0.5) | 0
      const fits8 = beyond8 >> 31
      const fits7 = beyond7 >> 31
      digits = (nine + ((eight - nine) & fits8)) | 0
      digits = (digits + ((seven - digits) & fits7)) | 0
      length = (SIGNIFICANT + fits8 + fits7) | 0
    } else {
      // Below a power of two the next float32 is only half as far away.
      const lower = (bits & MANTISSA_MASK) === 0 && biased > 1 ? scaled - gap / 2 : scaled - gap
      const upper = scaled + gap
      // Subnormals, which have fewer digits of precision, are left to the slow way.
      const dropped = biased === 0 ? -1 : countDroppable(lower, upper)
      if (dropped < 0) {
        at = writeSlowly(bytes, at, magnitude)
        bytes[at++] = COMMA
        continue
      }
      length = (SIGNIFICANT - dropped) | 0
      digits = nearestBetween(lower, scaled, upper, dropped)
      if (length === 0) {
        // All nines rounded up: the only digit left is the 1 of the next decade.
        digits = POWERS_OF_TEN[SIGNIFICANT - 1]!
        length = 1
        exponent = (exponent + 1) | 0
      }
    }

    if (exponent >= LEAD_MIN && exponent <= LEAD_MAX) {
      // All nine digits are written, where those behind the point belong, then what is in front over them.
      const form = exponent - LEAD_MIN
      const rest = (at + LEAD_LENGTH[form]!) | 0
      const millions = (digits / 1_000_000) | 0
      const thousands = (digits / 1000) | 0
      const first = TRIPLES[millions]!
      view.setInt32(at + 4, ZEROS, true)
      view.setInt32(rest, first, true)
      view.setInt32(rest + 3, TRIPLES[thousands - millions * 1000]!, true)
      view.setInt32(rest + 6, TRIPLES[digits - thousands * 1000]!, true)
      const moved = (first << LEAD_SHIFT[form]!) & LEAD_MOVED[form]!
      view.setInt32(at, LEAD[form]! | (first & LEAD_KEPT[form]!) | moved, true)
      at = (rest + length) | 0
    } else {
      at = writeLong(target, at, digits, length, exponent)
    }
    bytes[at++] = COMMA
  }
  return at
}

/**
 * How many digits can be taken off the integers between two borders so that there still is one; -1 if that
 * cannot be told.
 */
function countDroppable(lower: number, upper: number): number {
  let low = Math.ceil(lower) | 0
  let high = Math.floor(upper) | 0
  // A border may be wrong by 2^-22, so one that is closer to an integer decides nothing.
  if (!(Math.abs(low - lower - 0.5) < 0.5 - DOUBT && Math.abs(upper - high - 0.5) < 0.5 - DOUBT)) return -1
  let dropped = 0
  for (;;) {
    low = ((low + 9) / 10) | 0
    high = (high / 10) | 0
    if (low > high) return dropped
    dropped++
  }
}

/** The integer between the borders that is closest to `scaled` and ends with as many zeros. */
function nearestBetween(lower: number, scaled: number, upper: number, zeros: number): number {
  const power = POWERS_OF_TEN[zeros]!
  const nearest = (((scaled * INVERSE_POWERS_OF_TEN[zeros]! + 0.5) | 0) * power) | 0
  if (nearest < lower) return (nearest + power) | 0
  return nearest > upper ? (nearest - power) | 0 : nearest
}

/** Tries one precision after the other: right for every value, and ten times slower. */
function writeSlowly(bytes: Buffer, at: number, magnitude: number): number {
  let shortest = magnitude
  for (let precision = 1; precision <= SIGNIFICANT; precision++) {
    shortest = Number(magnitude.toPrecision(precision))
    if (Math.fround(shortest) === magnitude) break
  }
  return (at + bytes.write(String(shortest), at, 'latin1')) | 0
}

/**
 * Writes a decimal whose point is not among its first four bytes: the first `length` of nine digits, of
 * which the first counts 10^exponent. Chooses between `1234.5`, `1200000` and `1.2e-7` as JavaScript does.
 */
function writeLong(
  { bytes, view }: ByteTarget,
  start: number,
  digits: number,
  length: number,
  exponent: number,
): number {
  let at = start
  if (exponent > 0 && exponent <= FIXED_MAX) {
    if (length <= exponent + 1) {
      writeNineDigits(view, at, digits)
      at = start + SIGNIFICANT
      while (at <= start + exponent) bytes[at++] = DIGIT_0
      return (start + exponent + 1) | 0
    }
    // The digits behind the point are written in their place, then those before it over the others.
    writeNineDigits(view, at + 1, digits)
    let before = (digits / POWERS_OF_TEN[SIGNIFICANT - 1 - exponent]!) | 0
    for (at = start + exponent; at >= start; at--) {
      const quotient = (before / 10) | 0
      bytes[at] = DIGIT_0 + before - quotient * 10
      before = quotient
    }
    bytes[start + exponent + 1] = DOT
    return (start + length + 1) | 0
  }
  writeNineDigits(view, at + 1, digits)
  bytes[at] = bytes[at + 1]!
  bytes[at + 1] = DOT
  at = (length === 1 ? at + 1 : at + 1 + length) | 0
  bytes[at++] = LOWER_E
  bytes[at++] = exponent < 0 ? MINUS : PLUS
  return writeWhole(view, at, Math.abs(exponent))
}
