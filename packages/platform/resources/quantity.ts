const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
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
 * Reads a quantity of Kubernetes: `1Gi` is 1073741824, `500m` is 0.5. `undefined` for what is none.
 * Source: the resource model of Kubernetes, "Quantity".
 */
export function readQuantity(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined
  if (typeof value !== 'string' || value.length > 64) return undefined
  const match = /^\+?(\d+\.?\d*|\.\d+)(?:([eE][+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)$/.exec(value)
  if (match === null) return undefined
  const [, digits, exponent, suffix = ''] = match
  const quantity = exponent === undefined ? Number(digits) * FACTORS[suffix]! : Number(`${digits}${exponent}`)
  return Number.isFinite(quantity) ? quantity : undefined
}
