// Tails of the distributions that tests end in. The series and continued fractions are those of any handbook of
// mathematical functions; they end when a term no longer counts.

const EPSILON = 1e-14
const TERMS_MAX = 500

/** Chance that Student's t with so many degrees of freedom lies farther from 0 on either side. */
export function studentTail(t: number, freedom: number): number {
  if (!Number.isFinite(t)) return 0
  return incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5)
}

/** Chance that F with so many degrees of freedom is larger. */
export function fisherTail(f: number, above: number, below: number): number {
  if (!Number.isFinite(f)) return 0
  return f <= 0 ? 1 : incompleteBeta(below / (below + above * f), below / 2, above / 2)
}

/** Chance that chi-square with so many degrees of freedom is larger. */
export function chiSquareTail(x: number, freedom: number): number {
  if (!Number.isFinite(x)) return 0
  return x <= 0 || freedom <= 0 ? 1 : 1 - incompleteGamma(freedom / 2, x / 2)
}

/** Chance that the distance of two samples of one distribution is larger, for samples that are not small. */
export function kolmogorovTail(distance: number, countA: number, countB: number): number {
  const root = Math.sqrt((countA * countB) / (countA + countB))
  const lambda = (root + 0.12 + 0.11 / root) * distance
  // The series has no end near 0, where the chance is 1.
  if (lambda < 0.2) return 1
  let sum = 0
  for (let term = 1, sign = 1; term <= TERMS_MAX; term++, sign = -sign) {
    const part = Math.exp(-2 * term * term * lambda * lambda)
    sum += sign * part
    if (part < EPSILON) break
  }
  return Math.min(1, Math.max(0, 2 * sum))
}

const LANCZOS = [
  0.999_999_999_999_809_93, 676.520_368_121_885_1, -1_259.139_216_722_402_8, 771.323_428_777_653_13,
  -176.615_029_162_140_59, 12.507_343_278_686_905, -0.138_571_095_265_720_12, 9.984_369_578_019_571_6e-6,
  1.505_632_735_149_311_6e-7,
]

function logGamma(x: number): number {
  const z = x - 1
  let sum = LANCZOS[0]!
  for (let index = 1; index < LANCZOS.length; index++) sum += LANCZOS[index]! / (z + index)
  const base = z + LANCZOS.length - 1.5
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(base) - base + Math.log(sum)
}

/** I_x(a, b), by whichever end the fraction converges from. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x))
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(x, a, b)) / a
    : 1 - (front * betaFraction(1 - x, b, a)) / b
}

/** By Lentz's method. */
function betaFraction(x: number, a: number, b: number): number {
  let [c, d] = [1, 1 / notZero(1 - ((a + b) * x) / (a + 1))]
  let value = d
  for (let m = 1; m <= TERMS_MAX; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / notZero(1 + even * d)
    c = notZero(1 + even / c)
    value *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / notZero(1 + odd * d)
    c = notZero(1 + odd / c)
    value *= d * c
    if (Math.abs(d * c - 1) < EPSILON) break
  }
  return value
}

/** P(a, x): the series for small x, the fraction beyond. */
function incompleteGamma(a: number, x: number): number {
  const front = Math.exp(a * Math.log(x) - x - logGamma(a))
  if (x < a + 1) {
    let term = 1 / a
    let sum = term
    for (let n = 1; n <= TERMS_MAX && term > sum * EPSILON; n++) {
      term *= x / (a + n)
      sum += term
    }
    return front * sum
  }
  let b = x + 1 - a
  let c = 1 / Number.MIN_VALUE
  let d = 1 / notZero(b)
  let value = d
  for (let n = 1; n <= TERMS_MAX; n++) {
    b += 2
    const part = -n * (n - a)
    d = 1 / notZero(part * d + b)
    c = notZero(b + part / c)
    value *= d * c
    if (Math.abs(d * c - 1) < EPSILON) break
  }
  return 1 - front * value
}

function notZero(x: number): number {
  return Math.abs(x) < 1e-300 ? 1e-300 : x
}
