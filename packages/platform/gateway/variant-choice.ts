/**
 * Prepares the choice among variants by their weights, of 100 in all or not: the share of each is its weight's. One of
 * weight 0 is never chosen.
 * @returns for r from 0 up to, and without, 100 the index of the variant; -1 where all weights are 0
 */
export function compileChoice(weights: readonly number[]): (r: number) => number {
  const cumulative: number[] = []
  let total = 0
  for (const weight of weights) cumulative.push((total += weight))
  let last = weights.length - 1
  while (last >= 0 && weights[last] === 0) last--
  return r => {
    const point = (r * total) / 100
    for (let index = 0; index < last; index++) if (point < cumulative[index]!) return index
    return last
  }
}
