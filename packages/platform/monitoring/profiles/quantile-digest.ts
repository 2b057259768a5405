/** Values in the order of size, near ones drawn together: `[mean, weight, mean, weight, …]`. */
export type DigestState = readonly number[]

/** Finds quantiles of a stream of values in bounded memory. */
export interface QuantileDigest {
  add(value: number): void
  merge(state: DigestState): void
  /** The value below which a share of all lies, 0 to 1; `undefined` before the first value. */
  quantile(share: number): number | undefined
  readonly state: () => DigestState
}

/** More means more exact and more memory: at most as many groups as this are kept between two tidyings. */
const COMPRESSION = 100
/** Values that wait to be sorted in. */
const BUFFER_LENGTH = 128

/**
 * A merging t-digest. While no more values have come than fit the buffer, quantiles are exact, interpolated as is usual.
 * Later a group at share `q` holds at most `2π/100·√(q(1−q))` of all values, 3.2 % at the median and less towards the ends: by
 * so much, at most, may the rank of an answer be off. `add` takes finite values only.
 */
export function createQuantileDigest(start: DigestState = []): QuantileDigest {
  let groups: readonly number[] = start
  const buffer = new Float64Array(BUFFER_LENGTH)
  let buffered = 0

  function join(sorted: readonly number[]): void {
    const all = mergeSorted(groups, sorted)
    groups = all.length / 2 <= BUFFER_LENGTH ? all : compress(all)
  }

  function tidy(): void {
    if (buffered === 0) return
    const added: number[] = []
    for (const value of buffer.subarray(0, buffered).sort()) added.push(value, 1)
    buffered = 0
    join(added)
  }

  return {
    add(value) {
      buffer[buffered++] = value
      if (buffered === BUFFER_LENGTH) tidy()
    },
    merge(state) {
      tidy()
      join(state)
    },
    quantile(share) {
      tidy()
      return interpolate(groups, share)
    },
    state() {
      tidy()
      return groups
    },
  }
}

/** Pairs of two lists by their means. */
function mergeSorted(one: readonly number[], other: readonly number[]): readonly number[] {
  if (one.length === 0) return other
  const merged: number[] = []
  let at = 0
  for (let next = 0; next < other.length; next += 2) {
    for (; at < one.length && one[at]! <= other[next]!; at += 2) merged.push(one[at]!, one[at + 1]!)
    merged.push(other[next]!, other[next + 1]!)
  }
  for (; at < one.length; at += 2) merged.push(one[at]!, one[at + 1]!)
  return merged
}

/** Groups are joined as long as they span no more than one step of a scale that is finer towards both ends. */
function compress(pairs: readonly number[]): number[] {
  let total = 0
  for (let at = 1; at < pairs.length; at += 2) total += pairs[at]!
  const joined: number[] = []
  let mean = pairs[0]!
  let weight = pairs[1]!
  let before = 0
  let limit = total * shareAfter(0)
  for (let at = 2; at < pairs.length; at += 2) {
    const [nextMean, nextWeight] = [pairs[at]!, pairs[at + 1]!]
    if (before + weight + nextWeight <= limit) {
      weight += nextWeight
      mean += ((nextMean - mean) * nextWeight) / weight
      continue
    }
    joined.push(mean, weight)
    before += weight
    limit = total * shareAfter(before / total)
    mean = nextMean
    weight = nextWeight
  }
  joined.push(mean, weight)
  return joined
}

/** The share that lies one step of the scale behind another. */
function shareAfter(share: number): number {
  const step = Math.asin(2 * Math.min(1, share) - 1) + (2 * Math.PI) / COMPRESSION
  return step >= Math.PI / 2 ? 1 : (Math.sin(step) + 1) / 2
}

/** A group stands for the middle of the ranks that it holds. */
function interpolate(groups: readonly number[], share: number): number | undefined {
  let total = 0
  for (let at = 1; at < groups.length; at += 2) total += groups[at]!
  if (total === 0) return undefined
  const wanted = share * (total - 1)
  let before = 0
  let lastRank = 0
  let lastMean = groups[0]!
  for (let at = 0; at < groups.length; at += 2) {
    const [mean, weight] = [groups[at]!, groups[at + 1]!]
    const rank = before + (weight - 1) / 2
    if (rank >= wanted) {
      if (at === 0 || rank === lastRank) return mean
      const part = (wanted - lastRank) / (rank - lastRank)
      // Each by its part: their difference may be too large for a number.
      return lastMean * (1 - part) + mean * part
    }
    before += weight
    lastRank = rank
    lastMean = mean
  }
  return lastMean
}
