import { LRUCache } from 'lru-cache'
import type { RateLimitSettings } from '../base/index.ts'
import { refusals } from './refusals.ts'

/** Callers whose rates are known at once; the one not heard of for longest is forgotten, and begins anew. */
const MAX_CALLERS = 10_000
const HEXTETS_OF_A_NETWORK = 4
/** Fractions that add up to one token may fall short of it by a hair. */
const ONE = 1 - 1e-6

/** A bucket of tokens for each caller: a request takes one, and time puts them back. */
export interface RateLimit {
  /** @throws ServingError RESOURCE_EXHAUSTED with the time until the next request may come */
  take(caller: string): void
  readonly callerCount: number
}

interface Bucket {
  tokens: number
  filledAtMs: number
}

/** @param now milliseconds on a clock that is never set back */
export function createRateLimit(
  { requestsPerSecond, burst }: RateLimitSettings,
  now: () => number = () => performance.now(),
): RateLimit {
  const buckets = new LRUCache<string, Bucket>({ max: MAX_CALLERS })
  const tokensPerMs = requestsPerSecond / 1000
  return {
    take(caller) {
      const nowMs = now()
      let bucket = buckets.get(caller)
      if (bucket === undefined) {
        bucket = { tokens: burst, filledAtMs: nowMs }
        buckets.set(caller, bucket)
      } else {
        bucket.tokens = Math.min(burst, bucket.tokens + (nowMs - bucket.filledAtMs) * tokensPerMs)
        bucket.filledAtMs = nowMs
      }
      const missing = ONE - bucket.tokens
      if (missing > 0) {
        throw refusals.tooMany(requestsPerSecond, burst, Math.ceil(missing / tokensPerMs))
      }
      bucket.tokens -= 1
    },
    get callerCount() {
      return buckets.size
    },
  }
}

/**
 * The caller that an address stands for. One customer of an IPv6 network has 2^64 addresses at least, which count
 * as one caller; an IPv4 address is the same in either notation.
 */
export function callerAt(address: string): string {
  const lower = address.toLowerCase()
  if (lower.startsWith('::ffff:') && lower.includes('.')) return `address ${lower.slice('::ffff:'.length)}`
  if (!lower.includes(':')) return `address ${lower}`
  const [start = '', end] = lower.replace(/%.*$/, '').split('::')
  const first = start === '' ? [] : start.split(':')
  const last = end === undefined || end === '' ? [] : end.split(':')
  const zeros = end === undefined ? 0 : 8 - first.length - last.length
  const hextets = [...first, ...Array.from({ length: Math.max(0, zeros) }, () => '0'), ...last]
  return `address ${hextets.slice(0, HEXTETS_OF_A_NETWORK).join(':')}::/64`
}
