import { compareCategories, countCategories } from './categorical-tests.ts'
import {
  compareDistributions,
  compareMeans,
  compareMedians,
  compareVariances,
  type TestResult,
} from './numeric-tests.ts'

/** How one input differs, as clients see it. */
export interface FeatureReport {
  /** Share of the tests that found a difference. */
  readonly 'drift-probability': number
  /** Shares of the values, by the lower ends of bars or by category. */
  readonly histogram: {
    readonly bins: readonly (number | string)[]
    readonly deployment: readonly number[]
    readonly training: readonly number[]
  }
  readonly statistics: Readonly<Record<string, Statistic>>
  /** Pairs of inputs are not compared. */
  readonly bivariate_reports: readonly never[]
}

interface Statistic {
  readonly has_changed: boolean
  readonly deployment: number
  readonly training: number
  readonly message: string
}

/** A difference that is less likely than this by chance is one. */
const SIGNIFICANCE = 0.05
const BARS = 20
const BINS_MAX = 50

/** At least two values on each side. */
export function numericReport(training: Float64Array, deployment: Float64Array): FeatureReport {
  const [a, b] = [training.toSorted(), deployment.toSorted()]
  const { distance, pValue } = compareDistributions(a, b)
  return reportOf(numericHistogram(a, b), {
    Mean: statistic("Welch's t-test", compareMeans(a, b)),
    Median: statistic("Mood's median test", compareMedians(a, b)),
    Variance: statistic("Levene's test", compareVariances(a, b)),
    Distribution: statistic('Kolmogorov-Smirnov test; deployment is the greatest distance', {
      training: 0,
      deployment: distance,
      pValue,
    }),
  })
}

/** @param known all categories of training; `undefined` where there were too many to know */
export function categoricalReport(
  training: readonly string[],
  deployment: readonly string[],
  known: ReadonlySet<string> | undefined,
): FeatureReport {
  const [a, b] = [countCategories(training), countCategories(deployment)]
  const pValue = compareCategories(a, b)
  const shares = {
    Categories: {
      has_changed: pValue < SIGNIFICANCE,
      deployment: b.size,
      training: a.size,
      message: `chi-square test of the shares, p = ${shown(pValue)}; shown is the number of categories`,
    },
  }
  const bins = [...new Set([...a.keys(), ...b.keys()])]
    .toSorted((x, y) => (a.get(y) ?? 0) + (b.get(y) ?? 0) - (a.get(x) ?? 0) - (b.get(x) ?? 0))
    .slice(0, BINS_MAX)
  const histogram = {
    bins,
    deployment: bins.map(bin => (b.get(bin) ?? 0) / deployment.length),
    training: bins.map(bin => (a.get(bin) ?? 0) / training.length),
  }
  if (known === undefined) return reportOf(histogram, shares)
  const unseen = [...b.keys()].filter(name => !known.has(name))
  return reportOf(histogram, {
    ...shares,
    'Unseen categories': {
      has_changed: unseen.length > 0,
      deployment: unseen.length,
      training: 0,
      message:
        unseen.length === 0
          ? 'every category was there in training'
          : `not there in training: ${unseen.slice(0, 5).join(', ')}${unseen.length > 5 ? ' and more' : ''}`,
    },
  })
}

function statistic(what: string, { pValue, ...values }: TestResult): Statistic {
  return { has_changed: pValue < SIGNIFICANCE, ...values, message: `${what}, p = ${shown(pValue)}` }
}

function reportOf(
  histogram: FeatureReport['histogram'],
  statistics: FeatureReport['statistics'],
): FeatureReport {
  const all = Object.values(statistics)
  const changed = all.filter(({ has_changed: hasChanged }) => hasChanged).length
  return { 'drift-probability': changed / all.length, histogram, statistics, bivariate_reports: [] }
}

/** Both samples are sorted. */
function numericHistogram(training: Float64Array, deployment: Float64Array): FeatureReport['histogram'] {
  const least = Math.min(training[0]!, deployment[0]!)
  const width = (Math.max(training.at(-1)!, deployment.at(-1)!) - least) / BARS || 1
  const barsOf = (sample: Float64Array) => {
    const bars = Array.from({ length: BARS }, () => 0)
    for (const value of sample) {
      bars[Math.min(BARS - 1, Math.floor((value - least) / width))]! += 1 / sample.length
    }
    return bars
  }
  return {
    bins: Array.from({ length: BARS }, (_, index) => least + index * width),
    deployment: barsOf(deployment),
    training: barsOf(training),
  }
}

function shown(pValue: number): string {
  return pValue < 0.0001 ? '< 0.0001' : pValue.toFixed(4)
}
