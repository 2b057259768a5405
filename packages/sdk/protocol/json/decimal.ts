/** Powers of ten that a double holds exactly: 10^0 to 10^22. */
export const EXACT_POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))
const INVERSE_POWERS_OF_TEN = EXACT_POWERS_OF_TEN.map(power => 1 / power)

// 2^27 + 1 splits a double into two halves whose products are exact (Veltkamp).
const SPLITTER = 134_217_729

/** Many times the relative error of the few roundings below. */
const DOUBT = 2 ** -50

/**
 * `(head × 10^tailDigits + tail) × 10^exponent`, rounded once to the nearest double.
 *
 * A significand of more than 15 digits may not fit into a double, so it is carried as the unevaluated sum of two,
 * scaled with an error of less than 2^-100 of the result, and rounded at the end. Only if that
 * error could tip the rounding is there no answer: about once in 10^13 inputs.
 *
 * @param head integer from 1 to 10^15 - 1
 * @param tail integer below 10^tailDigits, with tailDigits at most 9
 * @param exponent from -22 to 22
 * @returns NaN if this precision cannot decide
 */
export function scaleDecimal(head: number, tail: number, tailDigits: number, exponent: number): number {
  const shift = EXACT_POWERS_OF_TEN[tailDigits]!
  const shifted = head * shift
  const sum = shifted + tail
  const sumError = tail - (sum - shifted) + multiplicationError(head, shift, shifted)

  const power = EXACT_POWERS_OF_TEN[exponent < 0 ? -exponent : exponent]!
  let estimate: number
  let correction: number
  let doubt: number
  if (exponent < 0) {
    estimate = sum / power
    const product = estimate * power
    // The remainder of a division is exact.
    const remainder = sum - product - multiplicationError(estimate, power, product)
    const inverse = INVERSE_POWERS_OF_TEN[-exponent]!
    correction = (remainder + sumError) * inverse
    doubt = (Math.abs(remainder) + Math.abs(sumError)) * inverse * DOUBT
  } else {
    estimate = sum * power
    const productError = multiplicationError(sum, power, estimate)
    const scaledError = sumError * power
    correction = productError + scaledError
    doubt = (Math.abs(productError) + Math.abs(scaledError)) * DOUBT
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
