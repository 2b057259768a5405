import type { Sample } from './read-on-scrape.ts'

/** Upper bounds in seconds: prometheus clients' common defaults, widened downwards for fast models. */
const LATENCY_BUCKETS_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
] as const

/** Counts of observations below fixed bounds. */
export class FixedHistogram {
  readonly #bounds: readonly number[]
  readonly #counts: Float64Array
  #sum = 0

  constructor(bounds: readonly number[] = LATENCY_BUCKETS_SECONDS) {
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    const bounds = this.#bounds
    let bucket = 0
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++
    this.#counts[bucket]!++
    this.#sum += value
  }

  /** Cumulative buckets, sum and count, as the exposition format wants them. */
  *samples(labels: Sample['labels']): Iterable<Sample> {
    let count = 0
    for (const [index, inBucket] of this.#counts.entries()) {
      count += inBucket
      const le = this.#bounds[index] ?? '+Inf'
      yield { suffix: '_bucket', labels: { ...labels, le }, value: count }
    }
    yield { suffix: '_sum', labels, value: this.#sum }
    yield { suffix: '_count', labels, value: count }
  }
}
