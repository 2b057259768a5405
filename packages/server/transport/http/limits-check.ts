import type { HttpLimits } from './http-types.ts'

/** The longest that Node's timers count; beyond it they fire at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

/** @throws RangeError naming the first limit that would not limit anything */
export function checkLimits(limits: HttpLimits): void {
  for (const [name, value] of Object.entries<number>({ ...limits })) {
    const max = name.endsWith('Ms') ? MAX_TIMEOUT_MS : Number.MAX_SAFE_INTEGER
    if (Number.isInteger(value) && value >= 1 && value <= max) continue
    throw new RangeError(`${name} is ${value}; allowed: an integer from 1 to ${max}`)
  }
}
