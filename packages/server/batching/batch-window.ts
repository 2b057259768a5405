/** How much the latest value counts against all before it. */
const WEIGHT = 0.2
/** A shorter wait is not worth a timer, whose steps are whole milliseconds. */
const SHORTEST_WINDOW_MS = 0.5
const LEAST_TRUST = 0.01
/** How fast trust comes back while nothing waits: it has doubled after 35 batches. */
const TRUST_RECOVERY = 1.02

export interface BatchWindowOptions {
  readonly maxBatchSize: number
  readonly maxQueueDelayMs: number
}

/** What a batch would consist of if it started now. */
export interface Gathered {
  readonly requests: number
  readonly rows: number
}

export interface FinishedBatch extends Gathered {
  readonly durationMs: number
  /** Requests that came meanwhile and could join the next batch. */
  readonly waiting: number
}

/**
 * Decides how long a batch that could start is held back for others to join. Pure: it is told the time.
 *
 * While the model is busy requests gather by themselves, so the only question is what to do when it is free
 * and fewer wait than could. Then `w` milliseconds of waiting cost each of the `n` requests that wait `w`,
 * and spare each that comes within them the fixed part of a batch, which it would otherwise sit through:
 *
 *     hold back if   trust · arrivals(w) · fixedMs   >   n · w
 *
 * - `arrivals(w)` is the time by the mean gap between requests, but no more than are missing from as many as
 *   were lately there at once: `concurrent`, the size of a batch plus those that waited when it ended. It
 *   follows upwards at once and downwards by halves. So K clients that each send their next request upon an
 *   answer are waited for until all K are back, and a single client never waits.
 * - `fixedMs` comes from a straight line through durations over rows, of which old batches fade. For a model
 *   whose time grows with its rows alone there is nothing to gain, and nobody waits.
 * - `trust` halves with each window in which nobody came, and grows back with those that brought somebody.
 *
 * A window lasts no longer than `maxQueueDelayMs` and half a batch, and ends as soon as `concurrent`
 * requests or a full batch are there. Only deliberate waiting counts against `maxQueueDelayMs`: time in
 * which the model was busy anyway would otherwise forbid to wait for those whom it has just answered.
 */
export class BatchWindow {
  readonly #maxBatchSize: number
  readonly #maxQueueDelayMs: number
  readonly #cost = new BatchCost()
  #gapMs = Number.POSITIVE_INFINITY
  #lastArrivalMs: number | null = null
  #concurrent = 1
  #trust = 1
  #open: { readonly closesMs: number; readonly requests: number } | null = null

  constructor({ maxBatchSize, maxQueueDelayMs }: BatchWindowOptions) {
    this.#maxBatchSize = maxBatchSize
    this.#maxQueueDelayMs = maxQueueDelayMs
  }

  /** Mean duration of a batch; 0 before the first has ended. */
  get batchMs(): number {
    return this.#cost.meanMs
  }

  /** A request has come. */
  arrived(nowMs: number): void {
    if (this.#lastArrivalMs !== null) {
      // One night must not outweigh the morning: what is longer than any window is all the same.
      const longestMs = 2 * this.#maxQueueDelayMs + 4 * this.batchMs
      const gapMs = Math.min(nowMs - this.#lastArrivalMs, longestMs)
      this.#gapMs = Number.isFinite(this.#gapMs) ? faded(this.#gapMs, gapMs) : gapMs
    }
    this.#lastArrivalMs = nowMs
  }

  /** A batch has been answered. */
  finished({ requests, rows, durationMs, waiting }: FinishedBatch): void {
    this.#cost.add(rows, durationMs)
    const seen = requests + waiting
    this.#concurrent = seen >= this.#concurrent ? seen : Math.floor((this.#concurrent + seen) / 2)
    this.#trust = Math.min(1, this.#trust * TRUST_RECOVERY)
  }

  /** When the batch should start: `nowMs`, or the end of its window. */
  startMs(nowMs: number, gathered: Gathered): number {
    if (gathered.requests >= this.#concurrent || gathered.rows >= this.#maxBatchSize) return nowMs
    if (this.#open !== null) return Math.max(nowMs, this.#open.closesMs)
    const windowMs = this.#windowMs(gathered)
    if (windowMs === 0) return nowMs
    const closesMs = nowMs + windowMs
    this.#open = { closesMs, requests: gathered.requests }
    return closesMs
  }

  /** The batch starts with this many requests; whatever window there was is over. */
  started(requests: number): void {
    if (this.#open === null) return
    const hasGrown = requests > this.#open.requests
    this.#trust = hasGrown ? (1 + this.#trust) / 2 : Math.max(LEAST_TRUST, this.#trust / 2)
    this.#open = null
  }

  #windowMs({ requests, rows }: Gathered): number {
    const limitMs = Math.min(this.#maxQueueDelayMs, this.batchMs / 2)
    if (limitMs < SHORTEST_WINDOW_MS) return 0
    const room = ((this.#maxBatchSize - rows) * requests) / rows
    const missing = Math.min(this.#concurrent - requests, room)
    const arrivals = Math.min(missing, limitMs / this.#gapMs)
    const waitMs = Math.min(limitMs, missing * this.#gapMs)
    return this.#trust * arrivals * this.#cost.fixedMs > requests * waitMs ? limitMs : 0
  }
}

/** A straight line through the durations of batches over their rows. */
class BatchCost {
  meanMs = 0
  #meanRows = 0
  #meanSquare = 0
  #meanProduct = 0
  #isEmpty = true

  add(rows: number, ms: number): void {
    const fade = this.#isEmpty ? (_: number, latest: number) => latest : faded
    this.meanMs = fade(this.meanMs, ms)
    this.#meanRows = fade(this.#meanRows, rows)
    this.#meanSquare = fade(this.#meanSquare, rows * rows)
    this.#meanProduct = fade(this.#meanProduct, rows * ms)
    this.#isEmpty = false
  }

  /** What a batch takes before its first row. Without batches of different sizes to compare: all of it. */
  get fixedMs(): number {
    const variance = this.#meanSquare - this.#meanRows ** 2
    if (variance < 0.01) return this.meanMs
    const perRowMs = Math.max(0, (this.#meanProduct - this.#meanRows * this.meanMs) / variance)
    return Math.max(0, this.meanMs - perRowMs * this.#meanRows)
  }
}

function faded(mean: number, latest: number): number {
  return mean + WEIGHT * (latest - mean)
}
