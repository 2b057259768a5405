import { type BinaryHistogram, createBinaryHistogram, type HistogramState } from './binary-histogram.ts'
import { createDistinctCount, DISTINCT_STANDARD_ERROR, type DistinctState } from './distinct-count.ts'
import { addMoment, type Moments, mergeMoments, noMoments } from './moments.ts'
import { createQuantileDigest, type DigestState } from './quantile-digest.ts'

/** What is kept of the numbers that were seen; JSON keeps it as it is. */
export interface NumericalState {
  readonly count: number
  readonly missing: number
  readonly min?: number
  readonly max?: number
  readonly moments: Readonly<Moments>
  readonly distinct: DistinctState
  readonly digest: DigestState
  readonly histogram?: HistogramState
}

/** Describes a stream of numbers in bounded memory, some 10 KB. */
export interface NumericalProfile {
  /** What is no finite number counts as missing. */
  add(value: number): void
  addMissing(): void
  /** Adds what others have seen. */
  merge(state: NumericalState): void
  readonly state: () => NumericalState
  readonly view: () => NumericalView
}

/** As it is shown; `null` is what too few values do not tell, or is too large for a number. */
export interface NumericalView {
  /** `distinctCountError`: 0 where `distinctCount` is exact, else its standard error as a share of it. */
  readonly commonStatistics: {
    readonly count: number
    readonly distinctCount: number
    readonly missing: number
    readonly distinctCountError: number
  }
  readonly quantileStatistics: Readonly<
    Record<
      | 'min'
      | 'max'
      | 'median'
      | 'percentile5'
      | 'percentile95'
      | 'q1'
      | 'q3'
      | 'range'
      | 'interquartileRange',
      number | null
    >
  >
  /** Variance of a sample (n−1), coefficient of variation in percent, skewness, kurtosis beyond that of the normal distribution. */
  readonly descriptiveStatistics: Readonly<
    Record<
      'standardDeviation' | 'variationCoef' | 'kurtosis' | 'mean' | 'skewness' | 'variance',
      number | null
    >
  >
  /** `bins` are the lower ends of the bars, and `step` their width. */
  readonly histogram: {
    readonly min: number | null
    readonly max: number | null
    readonly step: number | null
    readonly bars: number
    readonly frequencies: readonly number[]
    readonly bins: readonly number[]
  }
}

export function createNumericalProfile(start?: NumericalState): NumericalProfile {
  let count = 0
  let missing = 0
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  const moments = noMoments()
  const distinct = createDistinctCount()
  const digest = createQuantileDigest()
  const histogram = createBinaryHistogram()

  const profile: NumericalProfile = {
    add(number) {
      count++
      if (!Number.isFinite(number)) {
        missing++
        return
      }
      // There are two zeros, and to readers they are one.
      const value = number === 0 ? 0 : number
      if (value < min) min = value
      if (value > max) max = value
      addMoment(moments, value)
      distinct.add(value)
      digest.add(value)
      histogram.add(value)
    },
    addMissing() {
      count++
      missing++
    },
    merge(state) {
      count += state.count
      missing += state.missing
      if (state.min !== undefined && state.min < min) min = state.min
      if (state.max !== undefined && state.max > max) max = state.max
      mergeMoments(moments, revived(state.moments))
      distinct.merge(state.distinct)
      digest.merge(state.digest)
      if (state.histogram !== undefined) histogram.merge(state.histogram)
    },
    state() {
      const bars = histogram.state()
      return {
        count,
        missing,
        ...(min <= max ? { min, max } : {}),
        moments: { ...moments },
        distinct: distinct.state(),
        digest: digest.state(),
        ...(bars === undefined ? {} : { histogram: bars }),
      }
    },
    view() {
      const hasValues = min <= max
      const quantile = (share: number) => {
        const value = digest.quantile(share)
        return value === undefined ? null : finite(Math.min(max, Math.max(min, value)))
      }
      const [q1, q3] = [quantile(0.25), quantile(0.75)]
      return {
        commonStatistics: {
          count,
          distinctCount: distinct.count(),
          missing,
          distinctCountError: distinct.isExact() ? 0 : DISTINCT_STANDARD_ERROR,
        },
        quantileStatistics: {
          min: hasValues ? min : null,
          max: hasValues ? max : null,
          median: quantile(0.5),
          percentile5: quantile(0.05),
          percentile95: quantile(0.95),
          q1,
          q3,
          range: hasValues ? finite(max - min) : null,
          interquartileRange: q1 === null || q3 === null ? null : finite(q3 - q1),
        },
        descriptiveStatistics: descriptive(moments),
        histogram: shownHistogram(histogram, min, max),
      }
    },
  }
  if (start !== undefined) profile.merge(start)
  return profile
}

/** Numbers that were too large became `null` in JSON, and stay unknown. */
function revived(moments: Readonly<Record<keyof Moments, number | null>>): Moments {
  const { count, mean, sum2, sum3, sum4 } = moments
  return { count: count ?? 0, mean: known(mean), sum2: known(sum2), sum3: known(sum3), sum4: known(sum4) }
}

function known(value: number | null): number {
  return value ?? Number.NaN
}

function descriptive({ count, mean, sum2, sum3, sum4 }: Moments): NumericalView['descriptiveStatistics'] {
  const variance = count > 1 ? sum2 / (count - 1) : Number.NaN
  const standardDeviation = Math.sqrt(variance)
  return {
    standardDeviation: finite(standardDeviation),
    variationCoef: finite((standardDeviation / mean) * 100),
    kurtosis: finite((count * sum4) / (sum2 * sum2) - 3),
    mean: count === 0 ? null : finite(mean),
    skewness: finite((Math.sqrt(count) * sum3) / sum2 ** 1.5),
    variance: finite(variance),
  }
}

function shownHistogram(histogram: BinaryHistogram, min: number, max: number): NumericalView['histogram'] {
  const state = histogram.state()
  if (state === undefined) return { min: null, max: null, step: null, bars: 0, frequencies: [], bins: [] }
  const { exponent, first, counts } = state
  // One value has no width; that of its bar only says how exactly numbers of its size are written.
  if (min === max) return { min, max, step: 0, bars: 1, frequencies: counts, bins: [min] }
  const step = 2 ** exponent
  return {
    min: finite(first * step),
    max: finite((first + counts.length) * step),
    step,
    bars: counts.length,
    frequencies: counts,
    bins: counts.map((_, index) => (first + index) * step),
  }
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
