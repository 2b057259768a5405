import { chiSquareTail, fisherTail, kolmogorovTail, studentTail } from './distributions.ts'

/** With more, Student's t is the normal distribution. */
const FREEDOM_MAX = 1e9

/** What a test compared, and how likely such a difference is where nothing has changed. */
export interface TestResult {
  readonly training: number
  readonly deployment: number
  readonly pValue: number
}

/** Welch's t-test of the means; samples need not vary equally. At least two values each, sorted. */
export function compareMeans(training: Float64Array, deployment: Float64Array): TestResult {
  const scale = scaleOf(training, deployment)
  const [a, b] = [momentsOf(training, scale), momentsOf(deployment, scale)]
  const values = { training: a.mean * scale, deployment: b.mean * scale }
  const [errorA, errorB] = [a.variance / training.length, b.variance / deployment.length]
  if (a.mean === b.mean || errorA + errorB === 0) return { ...values, pValue: a.mean === b.mean ? 1 : 0 }
  const freedom =
    (errorA + errorB) ** 2 / (errorA ** 2 / (training.length - 1) + errorB ** 2 / (deployment.length - 1))
  const t = (a.mean - b.mean) / Math.sqrt(errorA + errorB)
  return { ...values, pValue: studentTail(t, Number.isFinite(freedom) ? freedom : FREEDOM_MAX) }
}

/** Mood's test of the medians: how many of each sample lie above the median of both. Samples are sorted. */
export function compareMedians(training: Float64Array, deployment: Float64Array): TestResult {
  const values = { training: medianOf(training), deployment: medianOf(deployment) }
  const both = medianOf(Float64Array.from([...training, ...deployment]).toSorted())
  const above = [training, deployment].map(sample => sample.filter(value => value > both).length)
  const [aboveA = 0, aboveB = 0] = above
  const [countA, countB] = [training.length, deployment.length]
  const share = (aboveA + aboveB) / (countA + countB)
  if (share === 0 || share === 1) return { ...values, pValue: 1 }
  let chiSquare = 0
  for (const [count, found] of [
    [countA, aboveA],
    [countB, aboveB],
  ] as const) {
    const expected = count * share
    // Yates' correction, as counts are whole.
    const distance = Math.max(0, Math.abs(found - expected) - 0.5) ** 2
    chiSquare += distance / expected + distance / (count - expected)
  }
  return { ...values, pValue: chiSquareTail(chiSquare, 1) }
}

/** Levene's test of the variances, by distances from the medians. Samples are sorted. */
export function compareVariances(training: Float64Array, deployment: Float64Array): TestResult {
  const scale = scaleOf(training, deployment)
  const values = {
    training: momentsOf(training, scale).variance * scale ** 2,
    deployment: momentsOf(deployment, scale).variance * scale ** 2,
  }
  const [a, b] = [distancesOf(training, scale), distancesOf(deployment, scale)]
  const count = a.count + b.count
  const between = ((a.mean - b.mean) ** 2 * a.count * b.count) / count
  const within = a.squares + b.squares
  if (between === 0 || within === 0) return { ...values, pValue: between === 0 ? 1 : 0 }
  return { ...values, pValue: fisherTail(((count - 2) * between) / within, 1, count - 2) }
}

interface Distances {
  readonly count: number
  readonly mean: number
  readonly squares: number
}

function distancesOf(sorted: Float64Array, scale: number): Distances {
  const median = medianOf(sorted)
  const { mean, variance } = momentsOf(
    sorted.map(value => Math.abs(value - median)),
    scale,
  )
  return { count: sorted.length, mean, squares: variance * (sorted.length - 1) }
}

/** Kolmogorov and Smirnov's test of the whole distributions, by the greatest distance between them. Samples are sorted. */
export function compareDistributions(
  training: Float64Array,
  deployment: Float64Array,
): { readonly distance: number; readonly pValue: number } {
  let [a, b, distance] = [0, 0, 0]
  while (a < training.length && b < deployment.length) {
    const value = Math.min(training[a]!, deployment[b]!)
    while (training[a] === value) a++
    while (deployment[b] === value) b++
    distance = Math.max(distance, Math.abs(a / training.length - b / deployment.length))
  }
  return { distance, pValue: kolmogorovTail(distance, training.length, deployment.length) }
}

/** The largest of the values, so that no square leaves the range of numbers. */
function scaleOf(...sorted: readonly Float64Array[]): number {
  return Math.max(...sorted.flatMap(sample => [Math.abs(sample[0]!), Math.abs(sample.at(-1)!)])) || 1
}

/** Of the values in units of the scale. */
function momentsOf(
  sample: Float64Array,
  scale: number,
): { readonly mean: number; readonly variance: number } {
  // By distances from a value of the sample, so that of equal ones the mean is the same to the last digit.
  const first = sample[0]! / scale
  let mean = first
  for (const value of sample) mean += (value / scale - first) / sample.length
  let squares = 0
  for (const value of sample) squares += (value / scale - mean) ** 2
  return { mean, variance: squares / Math.max(1, sample.length - 1) }
}

function medianOf(sorted: Float64Array): number {
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
