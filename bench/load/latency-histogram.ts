/** Buckets a doubling of time: a bucket is 4 % wide, so that is how exact a percentile is. */
const BUCKETS_PER_DOUBLING = 16
/** Up to 2^27 µs, a little over two minutes; what is slower counts as that. */
const DOUBLINGS = 27

/** Counts durations in logarithmic buckets: no memory a request, no sorting at the end. */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(BUCKETS_PER_DOUBLING * DOUBLINGS)
  #total = 0

  add(durationUs: number): void {
    const bucket = Math.floor(Math.log2(Math.max(durationUs, 1)) * BUCKETS_PER_DOUBLING)
    this.#counts[Math.min(bucket, this.#counts.length - 1)]! += 1
    this.#total += 1
  }

  clear(): void {
    this.#counts.fill(0)
    this.#total = 0
  }

  /** The upper edge of the bucket below which this share of the durations lies; 0 when there are none. */
  percentileUs(share: number): number {
    const wanted = Math.ceil(this.#total * share)
    let seen = 0
    for (const [bucket, count] of this.#counts.entries()) {
      seen += count
      if (seen >= wanted && count > 0) return 2 ** ((bucket + 1) / BUCKETS_PER_DOUBLING)
    }
    return 0
  }
}
