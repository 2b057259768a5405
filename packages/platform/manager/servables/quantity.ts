import { ServingError } from '@millrace/sdk'

const QUANTITY =
  /^\+?(?<number>\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?<suffix>[num]|[kMGTPE]|[KMGTPE]i|[eE][+-]?\d{1,2})?$/

const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/**
 * The number that a quantity of Kubernetes means: `500m` is 0.5, `4G` 4,000,000,000, `1Ki` 1,024.
 * @throws ServingError INVALID_ARGUMENT for anything else, for 0, and for what no machine has
 */
export function readQuantity(text: string, path: string): number {
  const { number, suffix = '' } = QUANTITY.exec(text)?.groups ?? {}
  const factor = /^[eE][+-]?\d/.test(suffix) ? Number(`1${suffix}`) : suffix === '' ? 1 : FACTORS[suffix]!
  const value = number === undefined ? Number.NaN : Number(number) * factor
  if (value > 0 && value <= Number.MAX_SAFE_INTEGER) return value
  throw new ServingError(
    'INVALID_ARGUMENT',
    `${path}: '${text.slice(0, 100)}' is not a quantity above 0 such as 500m, 2, 4G or 512Mi`,
  )
}
