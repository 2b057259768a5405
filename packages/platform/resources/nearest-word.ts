/** Slips that may lie between what was written and what was meant. */
const SLIPS_MAX = 2

/**
 * The word that somebody who wrote `written` most likely meant: at most two letters too many, missing or wrong, and fewer
 * than half of them. `undefined` if there is none.
 */
function nearestWord(written: string, words: Iterable<string>): string | undefined {
  let nearest: string | undefined
  let fewest = Math.min(SLIPS_MAX, Math.floor((written.length - 1) / 2)) + 1
  for (const word of words) {
    if (Math.abs(word.length - written.length) >= fewest) continue
    const slips = distance(written.toLowerCase(), word.toLowerCase())
    if (slips < fewest) [nearest, fewest] = [word, slips]
  }
  return nearest
}

/** `; did you mean 'payload'?`, or nothing. */
export function didYouMean(written: string, words: Iterable<string>): string {
  const nearest = nearestWord(written, words)
  return nearest === undefined ? '' : `; did you mean '${nearest}'?`
}

/** Levenshtein's distance, in which two neighbours that changed places are one slip. */
function distance(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, column) => column)]
  for (let row = 1; row <= from.length; row++) {
    const above = rows[row - 1]!
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const step = from[row - 1] === to[column - 1] ? 0 : 1
      let slips = Math.min(above[column]! + 1, current[column - 1]! + 1, above[column - 1]! + step)
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        slips = Math.min(slips, rows[row - 2]![column - 2]! + 1)
      }
      current.push(slips)
    }
    rows.push(current)
  }
  return rows[from.length]![to.length]!
}
