/** Mean and central sums of powers of values: `sum2` of squares, `sum3` of cubes, `sum4` of fourth powers. */
export interface Moments {
  count: number
  mean: number
  sum2: number
  sum3: number
  sum4: number
}

export function noMoments(): Moments {
  return { count: 0, mean: 0, sum2: 0, sum3: 0, sum4: 0 }
}

/** Adds one value, in one pass: nothing large is taken from something large, so that no digits are lost. */
export function addMoment(moments: Moments, value: number): void {
  const before = moments.count
  const count = before + 1
  const delta = value - moments.mean
  const step = delta / count
  const step2 = step * step
  const term = delta * step * before
  moments.count = count
  moments.mean += step
  moments.sum4 +=
    term * step2 * (count * count - 3 * count + 3) + 6 * step2 * moments.sum2 - 4 * step * moments.sum3
  moments.sum3 += term * step * (count - 2) - 3 * step * moments.sum2
  moments.sum2 += term
}

/** Adds what others have seen, as if each of those values had been added. */
export function mergeMoments(into: Moments, other: Moments): void {
  if (other.count === 0) return
  const { count: a, sum2, sum3 } = into
  const b = other.count
  const count = a + b
  const delta = other.mean - into.mean
  const step = delta / count
  const step2 = step * step
  into.sum4 +=
    other.sum4 +
    delta * step * step2 * a * b * (a * a - a * b + b * b) +
    6 * step2 * (a * a * other.sum2 + b * b * sum2) +
    4 * step * (a * other.sum3 - b * sum3)
  into.sum3 += other.sum3 + delta * step2 * a * b * (a - b) + 3 * step * (a * other.sum2 - b * sum2)
  into.sum2 += other.sum2 + delta * step * a * b
  into.mean += step * b
  into.count = count
}
