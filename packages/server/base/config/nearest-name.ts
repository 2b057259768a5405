/**
 * The candidate that someone who wrote `name` most likely meant: at most two slips away (a character
 * too many, missing, wrong, or swapped with its neighbour), and less than half of the name changed.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  let nearest: string | undefined
  let fewest = Math.min(3, Math.ceil(name.length / 2))
  for (const candidate of candidates) {
    // Every slip changes the length by at most one, which spares most comparisons.
    if (Math.abs(candidate.length - name.length) >= fewest) continue
    const slips = countSlips(name, candidate)
    if (slips < fewest) [nearest, fewest] = [candidate, slips]
  }
  return nearest
}

/** `; did you mean 'http_port'?`, or nothing. */
export function suggestion(name: string, candidates: Iterable<string>): string {
  const nearest = nearestName(name, candidates)
  return nearest === undefined ? '' : `; did you mean '${nearest}'?`
}

/** Optimal string alignment distance, one row at a time. */
function countSlips(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1]
      let slips = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (isSame ? 0 : 1))
      const isSwapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (isSwapped) slips = Math.min(slips, beforeLast[column - 2]! + 1)
      current.push(slips)
    }
    beforeLast = last
    last = current
  }
  return last[b.length]!
}
