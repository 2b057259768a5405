/**
 * The bound `b` for which `x >= b` sends a node's values to its second child.
 * @param isTurned whether values come with their sign turned and children changed: `-x >= b` is then "goes left"
 */
export type BoundOf = (threshold: number, isTurned: boolean) => number

/** Never reached: not even by infinity. */
const NEVER = Number.NaN

export function boundsFor(comparison: '<' | '<=', precision: 'float32' | 'float64'): BoundOf {
  const next = precision === 'float32' ? nextFloat32 : nextFloat64
  // Left is x < t: right is x >= t, and turned left is -x > -t. Left is x <= t: right is x > t, turned left is -x >= -t.
  return comparison === '<'
    ? (threshold, isTurned) => (isTurned ? next(-threshold) : threshold)
    : (threshold, isTurned) => (isTurned ? -threshold : next(threshold))
}

const float32 = new Float32Array(1)
const bits32 = new Int32Array(float32.buffer)
const float64 = new Float64Array(1)
const bits64 = new BigInt64Array(float64.buffer)

/** The smallest float32 above `value`; NEVER above infinity. */
function nextFloat32(value: number): number {
  if (value === Number.POSITIVE_INFINITY) return NEVER
  float32[0] = value === 0 ? 0 : value
  bits32[0]! += bits32[0]! >= 0 ? 1 : -1
  return float32[0]
}

/** The smallest float64 above `value`; NEVER above infinity. */
function nextFloat64(value: number): number {
  if (value === Number.POSITIVE_INFINITY) return NEVER
  float64[0] = value === 0 ? 0 : value
  bits64[0]! += bits64[0]! >= 0n ? 1n : -1n
  return float64[0]
}
