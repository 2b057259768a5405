/** Digits after which every float32 is told from its neighbours. */
const MIN_DIGITS = 7
const MAX_DIGITS = 9
/** Powers of ten up to here are doubles without any error. */
const MAX_EXACT_POWER = 22

const POWERS = Array.from({ length: MAX_EXACT_POWER + 1 }, (_, power) => 10 ** power)

/** The double with the fewest digits that rounds to this float32: 0.1 for what a double shows as 0.10000000149011612. */
export function shortestDouble(value: number): number {
  if (!Number.isFinite(value) || Number.isInteger(value)) return value
  const lead = Math.floor(Math.log10(Math.abs(value)))
  for (let digits = MIN_DIGITS; digits <= MAX_DIGITS; digits++) {
    const power = POWERS[digits - 1 - lead]
    const short = power === undefined ? Number(value.toPrecision(digits)) : Math.round(value * power) / power
    if (Math.fround(short) === value) return short
  }
  return value
}
