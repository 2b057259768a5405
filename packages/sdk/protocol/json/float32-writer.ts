import { type ByteTarget, digitCount, writeDigits, writeEightDigits } from './digits-writer.ts'

// Not from ascii.ts: the engine folds a module's own constants, not those it imports.
const PLUS = 0x2b
const COMMA = 0x2c
const MINUS = 0x2d
const DOT = 0x2e
const DIGIT_0 = 0x30
const LOWER_E = 0x65

const scratch = new Float32Array(1)
const scratchBits = new Uint32Array(scratch.buffer)
const MANTISSA_MASK = 0x7fffff
const EXPONENT_MASK = 0xff
const EXPONENT_BIAS = 127

/** How many bytes a number and its comma may take, those behind them that are overwritten again included. */
export const MAX_FLOAT32_BYTES = 32

/** Nine significant digits tell any two float32 apart, and are as many as 32-bit integers hold. */
const SIGNIFICANT = 9

/** Up to here every integer is a float32, so that its own digits are the shortest. */
const EXACT_INTEGERS = 2 ** 24

/** The smallest and largest decimal exponents that are written out. */
const FIXED_MIN = -6
const FIXED_MAX = 20

/** Many times the error of a scaled border. */
const DOUBT = 2 ** -20

// By biased exponent: the decimal exponent of the power of two, the power of ten that scales it to
// nine digits before the point, and half the distance to the next float32 after scaling.
const DECADE = new Int8Array(256)
const SCALE = new Float64Array(256)
const SCALED_GAP = new Float64Array(256)
for (let biased = 1; biased < EXPONENT_MASK; biased++) {
  const power = 2 ** (biased - EXPONENT_BIAS)
  DECADE[biased] = Number(power.toExponential().split('e')[1])
  SCALE[biased] = Number(`1e${SIGNIFICANT - 1 - DECADE[biased]!}`)
  SCALED_GAP[biased] = power * 2 ** -24 * SCALE[biased]!
}

const POWERS_OF_TEN = Int32Array.from({ length: 10 }, (_, exponent) => 10 ** exponent)
const INVERSE_POWERS_OF_TEN = Float64Array.from({ length: 10 }, (_, exponent) => Number(`1e-${exponent}`))

/**
 * Writes `values` with commas between, each as a decimal with the fewest digits that reads back as the same
 * float32, whether it is read as a float32 or as a double first. NaN and the infinities become `null`.
 * @param target must have room for {@link MAX_FLOAT32_BYTES} each
 * @returns where the next byte goes
 */
export function writeFloat32s(target: ByteTarget, start: number, values: Float32Array): number {
  const { bytes } = target
  let at = start
  for (let index = 0; index < values.length; index++) {
    if (index > 0) bytes[at++] = COMMA
    const value = values[index]!
    scratch[0] = value
    const bits = scratchBits[0]!
    const biased = (bits >>> 23) & EXPONENT_MASK
    if (biased === EXPONENT_MASK) {
      at += bytes.write('null', at, 'latin1')
      continue
    }
    let magnitude = value
    if (bits >>> 31 === 1) {
      bytes[at++] = MINUS
      magnitude = -value
    }
    const whole = magnitude | 0
    if (whole === magnitude && whole < EXACT_INTEGERS) {
      at = writeDigits(bytes, at, whole, digitCount(whole))
      // Parsers that know integers read `-0` as 0, and the sign is lost.
      if (whole === 0 && bits !== 0) {
        bytes[at++] = DOT
        bytes[at++] = DIGIT_0
      }
      continue
    }

    // Scale the value and the borders of its rounding interval to nine digits before the point:
    //
    //     lower             value            upper
    //     ──┤─────────────────●────────────────├──     every decimal in between reads back as the value
    //
    let exponent = DECADE[biased]!
    let scaled = magnitude * SCALE[biased]!
    let gap = SCALED_GAP[biased]!
    if (scaled >= 1e9) {
      exponent++
      scaled *= 0.1
      gap *= 0.1
    }
    // Below a power of two the next float32 is only half as far away, unless it is subnormal.
    const lower = scaled - ((bits & MANTISSA_MASK) === 0 && biased > 1 ? gap / 2 : gap)
    const upper = scaled + gap
    let low = Math.ceil(lower) | 0
    let high = Math.floor(upper) | 0
    // A border may be wrong by 2^-22, so one that is closer to an integer decides nothing.
    // Subnormals, which have fewer digits of precision, are left to the slow way too.
    const isClear =
      Math.abs(low - lower - 0.5) < 0.5 - DOUBT && Math.abs(upper - high - 0.5) < 0.5 - DOUBT && biased > 0
    if (!isClear) {
      at = writeSlowly(bytes, at, magnitude)
      continue
    }

    // Take digits off as long as a shorter integer lies inside.
    let dropped = 0
    for (;;) {
      const shorterLow = ((low + 9) / 10) | 0
      const shorterHigh = (high / 10) | 0
      if (shorterLow > shorterHigh) break
      low = shorterLow
      high = shorterHigh
      dropped++
    }
    if (dropped === SIGNIFICANT) {
      // All nines rounded up: the only digit left is the 1 of the next decade.
      at = writeDecimal(target, at, POWERS_OF_TEN[8]!, 8, exponent + 1, whole)
      continue
    }
    const nearest = Math.floor(scaled * INVERSE_POWERS_OF_TEN[dropped]! + 0.5) | 0
    const digits = nearest < low ? low : nearest > high ? high : nearest
    at = writeDecimal(target, at, digits * POWERS_OF_TEN[dropped]!, dropped, exponent, whole)
  }
  return at
}

/** Tries one precision after the other: right for every value, and ten times slower. */
function writeSlowly(bytes: Buffer, at: number, magnitude: number): number {
  let shortest = magnitude
  for (let precision = 1; precision <= SIGNIFICANT; precision++) {
    shortest = Number(magnitude.toPrecision(precision))
    if (Math.fround(shortest) === magnitude) break
  }
  return at + bytes.write(String(shortest), at, 'latin1')
}

/**
 * Writes a decimal of nine digits, the first of which counts 10^exponent, without the last `dropped`
 * digits, which are zeros. Chooses between `0.00012`, `1200` and `1.2e-7` as JavaScript does.
 *
 * All nine digits are written and the zeros taken back: a loop as long as the number would cost
 * more than it saves.
 * @param whole the part before the point, give or take one
 */
function writeDecimal(
  target: ByteTarget,
  start: number,
  digits: number,
  dropped: number,
  exponent: number,
  whole: number,
): number {
  const { bytes } = target
  if (exponent >= 0 && exponent < SIGNIFICANT - 1) {
    const power = POWERS_OF_TEN[SIGNIFICANT - 1 - exponent]!
    let before = whole
    let after = digits - whole * power
    // Rounding may have carried into the whole part.
    if (after >= power) {
      before++
      after -= power
    }
    const at = writeDigits(bytes, start, before, exponent + 1)
    bytes[at] = DOT
    writeEightDigits(target, at + 1, after * POWERS_OF_TEN[exponent]!)
    const end = at + SIGNIFICANT - exponent - dropped
    return end > at + 1 ? end : at
  }
  return writeShifted(target, start, digits, dropped, exponent)
}

/** Writes a decimal whose point is not inside its nine digits. */
function writeShifted(
  target: ByteTarget,
  start: number,
  digits: number,
  dropped: number,
  exponent: number,
): number {
  const { bytes } = target
  const first = (digits / 100_000_000) | 0
  const rest = digits - first * 100_000_000
  if (exponent < 0 && exponent >= FIXED_MIN) {
    // `0.00000`, of which as many as needed stay.
    writeEightDigits(target, start, 0)
    bytes[start + 1] = DOT
    const at = start + 1 - exponent
    bytes[at] = DIGIT_0 + first
    writeEightDigits(target, at + 1, rest)
    return at + SIGNIFICANT - dropped
  }
  bytes[start] = DIGIT_0 + first
  if (exponent > 0 && exponent <= FIXED_MAX) {
    writeEightDigits(target, start + 1, rest)
    let at = start + SIGNIFICANT
    while (at <= start + exponent) bytes[at++] = DIGIT_0
    return at
  }
  bytes[start + 1] = DOT
  writeEightDigits(target, start + 2, rest)
  let at = dropped === SIGNIFICANT - 1 ? start + 1 : start + 1 + SIGNIFICANT - dropped
  bytes[at++] = LOWER_E
  bytes[at++] = exponent < 0 ? MINUS : PLUS
  const magnitude = exponent < 0 ? -exponent : exponent
  return writeDigits(bytes, at, magnitude, digitCount(magnitude))
}
