/** Powers of ten whose sum of two doubles is exact: 5^45 has 105 bits. */
export const MAX_POWER = 45

/** The nearest doubles to 10^0 to 10^45; exact up to 10^22. */
export const POWERS_OF_TEN = Float64Array.from({ length: MAX_POWER + 1 }, (_, power) => Number(`1e${power}`))
/** What the nearest doubles lack. */
const POWER_ERRORS = POWERS_OF_TEN.map((power, exponent) => Number(10n ** BigInt(exponent) - BigInt(power)))
const INVERSE_POWERS_OF_TEN = POWERS_OF_TEN.map(power => 1 / power)

// 2^27 + 1 splits a double into two halves whose products are exact (Veltkamp).
const SPLITTER = 134_217_729

/** Many times the relative error of the few roundings below. */
const DOUBT = 2 ** -49

/**
 * `(head × 10^tailDigits + tail) × 10^exponent`, rounded once to the nearest double.
 *
 * A significand of more than 15 digits may not fit into a double, nor does a power of ten beyond
 * 10^22. Both are carried as unevaluated sums of two doubles, which leaves an error of less than 2^-98
 * of the result, and are rounded at the end. Only if that error could tip the rounding is there no
 * answer: about once in 10^13 inputs.
 *
 * @param head integer from 0 to 10^15 - 1
 * @param tail integer below 10^tailDigits, with tailDigits at most 9
 * @param exponent from -45 to 45
 * @returns NaN if this precision cannot decide
 */
export function scaleDecimal(head: number, tail: number, tailDigits: number, exponent: number): number {
  const shift = POWERS_OF_TEN[tailDigits]!
  const shifted = head * shift
  const sum = shifted + tail
  const sumError = tail - (sum - shifted) + multiplicationError(head, shift, shifted)

  const magnitude = exponent < 0 ? -exponent : exponent
  const power = POWERS_OF_TEN[magnitude]!
  const powerError = POWER_ERRORS[magnitude]!
  let estimate: number
  let correction: number
  let doubt: number
  if (exponent < 0) {
    estimate = sum / power
    const product = estimate * power
    // The remainder of a division is exact.
    const remainder = sum - product - multiplicationError(estimate, power, product)
    const excess = estimate * powerError
    const inverse = INVERSE_POWERS_OF_TEN[magnitude]!
    correction = (remainder - excess + sumError) * inverse
    doubt = (Math.abs(remainder) + Math.abs(excess) + Math.abs(sumError)) * inverse * DOUBT
  } else {
    estimate = sum * power
    const productError = multiplicationError(sum, power, estimate)
    const excess = sum * powerError
    const scaledError = sumError * power
    correction = productError + excess + scaledError
    doubt = (Math.abs(productError) + Math.abs(excess) + Math.abs(scaledError)) * DOUBT
  }
  const result = estimate + (correction - doubt)
  return result === estimate + (correction + doubt) ? result : Number.NaN
}

/** The exact difference between `left × right` and its rounded `product` (Dekker). */
function multiplicationError(left: number, right: number, product: number): number {
  const leftScaled = left * SPLITTER
  const leftHigh = leftScaled - (leftScaled - left)
  const leftLow = left - leftHigh
  const rightScaled = right * SPLITTER
  const rightHigh = rightScaled - (rightScaled - right)
  const rightLow = right - rightHigh
  return leftLow * rightLow - (product - leftHigh * rightHigh - leftLow * rightHigh - leftHigh * rightLow)
}
