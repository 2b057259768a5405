import { ServingError } from '@millrace/sdk'
import type { LoadedCopies } from './loaded-copies.ts'
import { ModelCopy } from './model-copy.ts'
import type { PooledModel } from './pooled-model.ts'
import type { ModelHost, ModelPool } from './remote-model.ts'
import { roomiestSeat } from './roomiest-seat.ts'
import type { WaitLimits } from './waiting-room.ts'
import type { WorkerSeat } from './worker-seat.ts'

/** What a model with copies needs of its pool. */
export interface CopyPlaces {
  readonly seats: readonly WorkerSeat[]
  /** How long a copy may finish its requests before it is unloaded. */
  readonly drainTimeoutMs: number
  /** How long a further copy may take to load, if the model's settings do not say. */
  readonly loadTimeoutMs: number
  /** Resolves when some worker holds the model; which one is asked again. */
  wait(model: PooledModel, limits: WaitLimits): Promise<unknown>
  release(model: PooledModel): Promise<void>
  /** Requests go to a worker, which has this many now. */
  dispatched(inFlight: number): void
  /** A copy has come. */
  changed(): void
}

/** A model that is on some workers of its pool alone: which of them answers, and which get or lose a copy. */
export class ModelCopies implements LoadedCopies, ModelPool {
  readonly #model: PooledModel
  readonly #places: CopyPlaces
  #copies: readonly ModelCopy[]
  readonly #gone = new AbortController()
  /** Ends when no further copy is being loaded. */
  #adding: Promise<unknown> = Promise.resolve()
  #requestCount = 0

  /** @param first the worker that has loaded it already */
  constructor(model: PooledModel, first: WorkerSeat, places: CopyPlaces) {
    this.#model = model
    this.#places = places
    this.#copies = [new ModelCopy(first)]
  }

  get count(): number {
    return this.#copies.length
  }

  get most(): number {
    return this.#places.seats.length
  }

  get canAdd(): boolean {
    return this.#places.seats.some(seat => seat.hasJoined && !this.isOn(seat))
  }

  get requestCount(): number {
    return this.#requestCount
  }

  get inFlightCount(): number {
    return this.#copies.reduce((total, { inFlightCount }) => total + inFlightCount, 0)
  }

  /** The workers that hold it, or will again when they have been replaced. */
  get seats(): readonly WorkerSeat[] {
    return this.#copies.map(({ seat }) => seat)
  }

  isOn(seat: WorkerSeat): boolean {
    return this.#copies.some(copy => copy.seat === seat)
  }

  /** The copy whose worker has the fewest requests, of equals the one that was used least recently. */
  pick(): ModelHost | undefined {
    const model = this.#model
    let best: ModelCopy | undefined
    let isBestReady = false
    for (const copy of this.#copies) {
      // One that is still being loaded, also in place of one that has ended.
      if (!copy.seat.holds(model)) continue
      const isReady = copy.seat.saysReady(model)
      if (best !== undefined && (isBestReady === isReady ? !copy.goesBefore(best) : isBestReady)) continue
      best = copy
      isBestReady = isReady
    }
    if (best === undefined) return undefined
    best.lastUse = ++this.#requestCount
    this.#places.dispatched(best.seat.link.inFlightCount + 1)
    return best
  }

  async wait(model: PooledModel, limits: WaitLimits): Promise<ModelHost> {
    for (;;) {
      await this.#places.wait(model, limits)
      // It may have been dropped there, and be elsewhere.
      const copy = this.pick()
      if (copy !== undefined) return copy
    }
  }

  release(model: PooledModel): Promise<void> {
    return this.#places.release(model)
  }

  async add(signal: AbortSignal): Promise<void> {
    const { settings } = this.#model
    const seat = roomiestSeat(this.#places.seats.filter(other => !this.isOn(other)))
    if (seat === undefined)
      throw new ServingError('UNAVAILABLE', `Model ${settings.name} has no worker for a further copy`)
    const expired = AbortSignal.timeout(settings.loadTimeoutMs ?? this.#places.loadTimeoutMs)
    const loading = seat.load(this.#model, AbortSignal.any([signal, expired, this.#gone.signal]))
    this.#adding = loading.catch(ignore)
    await loading
    this.#gone.signal.throwIfAborted()
    this.#copies = [...this.#copies, new ModelCopy(seat)]
    this.#places.changed()
  }

  async drop(): Promise<void> {
    if (this.count < 2) return
    const model = this.#model
    // One whose worker has ended answers nothing anyway.
    const [copy] = this.#copies.toSorted(
      (a, b) =>
        Number(a.seat.holds(model)) - Number(b.seat.holds(model)) || b.seat.heldBytes - a.seat.heldBytes,
    )
    this.#copies = this.#copies.filter(other => other !== copy)
    await copy!.drain(this.#places.drainTimeoutMs)
    const { seat } = copy!
    const { link } = seat
    try {
      await seat.unload(model)
    } catch (error) {
      // A worker that has ended leaves nothing behind.
      if (seat.hasJoined && seat.link === link) throw error
    }
  }

  /** Nothing is loaded any more; resolves when that is so. */
  async end(): Promise<void> {
    this.#gone.abort(new Error('the model has been unloaded'))
    await this.#adding
  }
}

function ignore(): void {}
