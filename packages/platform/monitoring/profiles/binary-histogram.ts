/** Bars of the width `2 ** exponent`; the first begins at `first` times that. */
export interface HistogramState {
  readonly exponent: number
  readonly first: number
  readonly counts: readonly number[]
}

/** Counts values in at most {@link BARS_MAX} bars, whose width doubles whenever they do not suffice. */
export interface BinaryHistogram {
  /** Takes finite values. */
  add(value: number): void
  merge(state: HistogramState): void
  /** `undefined` before the first value. */
  readonly state: () => HistogramState | undefined
}

/** Once values differ by more than rounding, at least half as many span them. */
export const BARS_MAX = 64
/** Bars are numbered exactly up to here. */
const INDEX_BITS = 52
const EXPONENT_MIN = -1074

/**
 * Bars lie at multiples of their width, and widths are powers of two: so the counts of bars are exact whatever came first,
 * and two histograms add up to the one that all their values would have made.
 */
export function createBinaryHistogram(start?: HistogramState): BinaryHistogram {
  let exponent = EXPONENT_MIN
  let first = 0
  let counts: number[] = []

  /** Makes bars wider, by so many doublings. */
  function widen(doublings: number): void {
    if (doublings <= 0) return
    exponent += doublings
    const wider = halved(first, doublings)
    const length = halved(first + counts.length - 1, doublings) - wider + 1
    const joined = Array.from({ length }, () => 0)
    for (const [index, count] of counts.entries()) joined[halved(first + index, doublings) - wider]! += count
    first = wider
    counts = joined
  }

  /** Adds to the bar of that number among bars of the width `2 ** barExponent`. */
  function addBar(barExponent: number, index: number, count: number): void {
    if (counts.length === 0) {
      exponent = barExponent
      first = index
      counts = [count]
      return
    }
    widen(barExponent - exponent)
    let bar = halved(index, exponent - barExponent)
    while (Math.max(first + counts.length - 1, bar) - Math.min(first, bar) >= BARS_MAX) {
      widen(1)
      bar = halved(bar, 1)
    }
    for (; bar < first; first--) counts.unshift(0)
    while (bar >= first + counts.length) counts.push(0)
    counts[bar - first]! += count
  }

  const histogram: BinaryHistogram = {
    add(value) {
      if (counts.length > 0) {
        const bar = barOf(value, exponent)
        // The way of nearly all values.
        if (bar >= first && bar < first + counts.length) {
          counts[bar - first]!++
          return
        }
      }
      const own = counts.length === 0 ? exponentFor(value) : Math.max(exponent, exponentFor(value))
      addBar(own, barOf(value, own), 1)
    },
    merge(state) {
      for (const [index, count] of state.counts.entries()) {
        if (count > 0) addBar(state.exponent, state.first + index, count)
      }
    },
    state: () => (counts.length === 0 ? undefined : { exponent, first, counts: [...counts] }),
  }
  if (start !== undefined) histogram.merge(start)
  return histogram
}

function barOf(value: number, exponent: number): number {
  const bar = Math.floor(value / 2 ** exponent)
  // A quotient so small that it became zero is below zero still; and there is one bar of zero, not two.
  if (bar === 0) return value < 0 ? -1 : 0
  return bar
}

/** The narrowest bars that can be numbered exactly where this value lies. */
function exponentFor(value: number): number {
  if (value === 0) return EXPONENT_MIN
  return Math.max(EXPONENT_MIN, Math.ceil(Math.log2(Math.abs(value))) - INDEX_BITS)
}

/** The number of a bar once widths have doubled so often. */
function halved(index: number, doublings: number): number {
  if (doublings <= 0) return index
  return doublings > INDEX_BITS + 2 ? (index < 0 ? -1 : 0) : Math.floor(index / 2 ** doublings)
}
