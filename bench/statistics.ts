/** What several runs of one thing say together. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** @throws RangeError without a value, because a median of nothing would look like a result */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('a spread needs at least one value')
  const sorted = values.toSorted((left, right) => left - right)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  return { median, min: sorted[0]!, max: sorted.at(-1)! }
}

/**
 * Divides run by run, then takes the median: neighbours in time met the same machine, while the
 * quotient of two medians may compare a quiet minute with a busy one. Runs without a partner are left out.
 */
export function ratioOfRuns(numerators: readonly number[], denominators: readonly number[]): Spread {
  const pairs = Math.min(numerators.length, denominators.length)
  return spreadOf(Array.from({ length: pairs }, (_, run) => numerators[run]! / denominators[run]!))
}
