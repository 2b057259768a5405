import type { LoadedCopies } from '../workers/index.ts'

const MINUTE_MS = 60_000
/** A look sooner after the one before says nothing. */
const LEAST_WINDOW_MS = 5000
/** Looks in a row at which the copies were too few before there is one more: a burst is over by then. */
const STRAINED_LOOKS = 2
/** What each of the others may be asked when a copy goes, as a share of what brings a further one. */
const EASE = 2 / 3
/** Used now and so long ago: a model that is asked again and again, and not in one burst. */
const PATTERN_MS = { from: 7 * MINUTE_MS, to: 40 * MINUTE_MS }

/** How much the copies of a model are used, look by look. */
export class CopyUse {
  readonly #copies: LoadedCopies
  /** Requests a minute of one copy that bring a further one. */
  readonly #copyRate: number
  #lookedMs: number
  #requestCount: number
  /** Requests a minute of all copies, between the two latest looks. */
  #rate = 0
  #strainedLooks = 0
  /** When it was used, a minute apart, oldest first. */
  #usesMs: readonly number[] = []
  #isRegular = false
  #neededMs: number

  constructor(copies: LoadedCopies, copyRate: number, nowMs: number) {
    this.#copies = copies
    this.#copyRate = copyRate
    this.#lookedMs = nowMs
    this.#requestCount = copies.requestCount
    this.#neededMs = nowMs
  }

  look(nowMs: number): void {
    const windowMs = nowMs - this.#lookedMs
    if (windowMs < LEAST_WINDOW_MS) return
    const { requestCount, inFlightCount, count } = this.#copies
    const requests = requestCount - this.#requestCount
    this.#rate = (requests * MINUTE_MS) / windowMs
    this.#lookedMs = nowMs
    this.#requestCount = requestCount
    this.#strainedLooks = this.strain >= 1 ? this.#strainedLooks + 1 : 0
    this.#isRegular = false
    if (requests > 0 || inFlightCount > 0) this.#used(nowMs)
    if (count > 1 && (this.needsAll() || (count === 2 && this.#isRegular))) this.#neededMs = nowMs
  }

  /** What is asked of the copies, 1 and more if they are too few: by rate, or because slow requests pile up. */
  get strain(): number {
    const { count, inFlightCount } = this.#copies
    return Math.max(this.#rate / (this.#copyRate * count), inFlightCount > count ? inFlightCount / count : 0)
  }

  get wantsMore(): boolean {
    return this.#strainedLooks >= STRAINED_LOOKS
  }

  /** It is used now, and was some time ago. */
  get wantsSecond(): boolean {
    return this.#isRegular && this.#copies.count === 1
  }

  /** When the latest of its copies was last needed, in milliseconds of the epoch. */
  get neededMs(): number {
    return this.#neededMs
  }

  /** Whether one copy fewer would soon be too few. */
  needsAll(): boolean {
    const { count, inFlightCount } = this.#copies
    const others = count - 1
    return this.#rate > this.#copyRate * others * EASE || inFlightCount > others
  }

  /** There is one more copy: whether that is enough is seen anew. */
  added(nowMs: number): void {
    this.#strainedLooks = 0
    this.#neededMs = nowMs
  }

  #used(nowMs: number): void {
    const uses = this.#usesMs.filter(useMs => nowMs - useMs <= PATTERN_MS.to)
    const [first] = uses
    this.#isRegular = first !== undefined && nowMs - first >= PATTERN_MS.from
    if (nowMs - (uses.at(-1) ?? 0) >= MINUTE_MS) uses.push(nowMs)
    this.#usesMs = uses
  }
}
