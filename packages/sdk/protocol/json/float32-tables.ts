const DOT = 0x2e
/** `0.00` as a little-endian word. */
const ZERO_DOT_ZEROS = 0x30302e30

const EXPONENT_MASK = 0xff
const EXPONENT_BIAS = 127

/** Nine significant digits tell any two float32 apart, and are as many as 32-bit integers hold. */
export const SIGNIFICANT = 9

/** By biased exponent: the float32 bits from which on the decimal exponent is one higher. */
export const NEXT_DECADE: Int32Array = new Int32Array(256)

// By twice the biased exponent, and one more from there on.
/** The decimal exponent. */
export const DECADE: Int8Array = new Int8Array(512)
/** The power of ten that scales to nine digits before the point. */
export const SCALE: Float64Array = new Float64Array(512)
/** Half the distance to the next float32 after scaling. */
export const SCALED_GAP: Float64Array = new Float64Array(512)

const float = new Float32Array(1)
const floatBits = new Int32Array(float.buffer)
for (let biased = 1; biased < EXPONENT_MASK; biased++) {
  const power = 2 ** (biased - EXPONENT_BIAS)
  const decade = Number(power.toExponential().split('e')[1])
  const next = Number(`1e${decade + 1}`)
  float[0] = next
  NEXT_DECADE[biased] = float[0] < next ? floatBits[0]! + 1 : floatBits[0]!
  for (const step of [0, 1]) {
    const row = 2 * biased + step
    DECADE[row] = decade + step
    SCALE[row] = Number(`1e${SIGNIFICANT - 1 - decade - step}`)
    SCALED_GAP[row] = power * 2 ** -24 * SCALE[row]
  }
}

/** The decimal exponents of the numbers that begin with {@link LEAD}; smaller ones have too many zeros. */
export const LEAD_MIN = -6
/** Beyond it the point is not among the first four bytes. */
export const LEAD_MAX = 2

// How such a number begins, by its decimal exponent - LEAD_MIN. The engine knows the address of a table
// only if it is larger than 64 bytes, hence the rows without use.
const LEADS = 32
/** The first four bytes without the number's digits: `0.00`, or the point in its place. */
export const LEAD: Int32Array = new Int32Array(LEADS)
/** The digits that come before the point, of the first four bytes of the digits. */
export const LEAD_KEPT: Int32Array = new Int32Array(LEADS)
/** The digits that come behind it, of the same bytes after a shift. */
export const LEAD_MOVED: Int32Array = new Int32Array(LEADS)
/** By how many bits they are shifted. */
export const LEAD_SHIFT: Int32Array = new Int32Array(LEADS)
/** Where the digits must begin so that those behind the point are in their place. */
export const LEAD_LENGTH: Int32Array = new Int32Array(LEADS)
for (let exponent = LEAD_MIN; exponent <= LEAD_MAX; exponent++) {
  const row = exponent - LEAD_MIN
  if (exponent < 0) {
    const length = 1 - exponent
    const moved = bytesFrom(length)
    LEAD[row] = ZERO_DOT_ZEROS & ~moved
    LEAD_MOVED[row] = moved
    LEAD_SHIFT[row] = 8 * length
    LEAD_LENGTH[row] = length
  } else {
    LEAD[row] = DOT << (8 * (exponent + 1))
    LEAD_KEPT[row] = ~bytesFrom(exponent + 1)
    LEAD_MOVED[row] = bytesFrom(exponent + 2)
    LEAD_SHIFT[row] = 8
    LEAD_LENGTH[row] = 1
  }
}

/** A mask of a word's bytes from the given one on. */
function bytesFrom(index: number): number {
  return index < 4 ? -1 << (8 * index) : 0
}
