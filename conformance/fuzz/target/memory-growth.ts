import type { MemoryReport } from './memory-report.ts'

export interface MemorySample extends MemoryReport {
  /** Inputs sent until then. */
  readonly inputCount: number
}

export interface Growth {
  readonly bytesPerInput: number
  /** By the slope, over all inputs between the first sample and the last. */
  readonly totalBytes: number
}

export interface GrowthLimit {
  readonly bytesPerInput: number
  /** Growth below this is noise, however few inputs it came with. */
  readonly noiseBytes: number
}

/**
 * What stays behind after a full collection. The smallest thing that a server can forget about a request is one entry in a
 * table or list with the object it points at: 100 bytes and more, three times the limit. Long runs settle at 2 bytes an input,
 * which is code being compiled and caches filling; the noise is what that comes to at the start of a short one.
 */
export const LIVE_LIMIT: GrowthLimit = { bytesPerInput: 32, noiseBytes: 1_048_576 }

/**
 * Pages that the process has from the system; native memory outside the collector's sight (HTTP/2 sessions, inflaters) shows only
 * here. One forgotten HTTP/2 stream or inflater takes kilobytes. The allocator gives pages back late and in part: the noise is
 * what a burst of the largest bodies allowed leaves behind in fragments.
 */
export const RSS_LIMIT: GrowthLimit = { bytesPerInput: 256, noiseBytes: 16 * 1_048_576 }

/**
 * The slope of a line through all samples that outliers do not bend: the median of the slopes between any two (Theil and Sen).
 * @param samples two at least
 */
export function growthOf(
  samples: readonly MemorySample[],
  bytesOf: (sample: MemorySample) => number,
): Growth {
  const slopes = samples
    .flatMap((from, index) =>
      samples.slice(index + 1).map(to => (bytesOf(to) - bytesOf(from)) / (to.inputCount - from.inputCount)),
    )
    .filter(Number.isFinite)
    .toSorted((left, right) => left - right)
  const middle = slopes.length >> 1
  const bytesPerInput =
    slopes.length % 2 === 1 ? slopes[middle]! : ((slopes[middle - 1] ?? 0) + (slopes[middle] ?? 0)) / 2
  const inputs = (samples.at(-1)?.inputCount ?? 0) - (samples[0]?.inputCount ?? 0)
  return { bytesPerInput, totalBytes: bytesPerInput * inputs }
}

export function isBeyond(growth: Growth, limit: GrowthLimit): boolean {
  return growth.bytesPerInput > limit.bytesPerInput && growth.totalBytes > limit.noiseBytes
}
