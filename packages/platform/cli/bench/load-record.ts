import { createHistogram } from 'node:perf_hooks'
import { ServingError } from '@millrace/sdk'

const NS_PER_MS = 1_000_000
/** An hour: calls that take longer are recorded as this long. */
const MAX_NS = 3600 * 1000 * NS_PER_MS

/** What one load did. */
export interface LoadResult {
  /** Answers and failures. */
  readonly requests: number
  /** How many failed, by code; NOT_SENT for those whose time came while all calls were taken. */
  readonly errors: Readonly<Record<string, number>>
  readonly answersPerSecond: number
  /** Of answers, not of failures; undefined without any. */
  readonly latencyMs: Latencies | undefined
}

export interface Latencies {
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

/** Gathers what becomes of calls. */
export interface LoadRecord {
  readonly answer: (latencyMs: number) => void
  readonly failure: (error: unknown) => void
  readonly notSent: (count: number) => void
  /** @param elapsedMs from the first call that counts to the end of the last */
  readonly result: (elapsedMs: number) => LoadResult
}

/** Latencies go into a histogram with three significant digits, whose size does not grow with the calls. */
export function createLoadRecord(): LoadRecord {
  const histogram = createHistogram({ lowest: 1000, highest: MAX_NS, figures: 3 })
  const errors: Record<string, number> = {}
  const count = (code: string, more: number) => {
    errors[code] = (errors[code] ?? 0) + more
  }
  const ms = (percentile: number) => histogram.percentile(percentile) / NS_PER_MS
  return {
    answer: latencyMs => histogram.record(Math.min(MAX_NS, Math.max(1, Math.round(latencyMs * NS_PER_MS)))),
    failure: error => count(ServingError.from(error, '').code, 1),
    notSent: more => void (more > 0 && count('NOT_SENT', more)),
    result(elapsedMs) {
      const failures = Object.values(errors).reduce((sum, each) => sum + each, 0)
      const isEmpty = histogram.count === 0
      return {
        requests: histogram.count + failures,
        errors,
        answersPerSecond: elapsedMs > 0 ? (histogram.count / elapsedMs) * 1000 : 0,
        latencyMs: isEmpty
          ? undefined
          : {
              mean: histogram.mean / NS_PER_MS,
              p50: ms(50),
              p90: ms(90),
              p99: ms(99),
              p999: ms(99.9),
              max: histogram.max / NS_PER_MS,
            },
      }
    },
  }
}
