import { type LoadContext, ServingError } from '@millrace/sdk'
import type { ServerLogger } from '../base/index.ts'
import type { ModelVersionSettings } from '../repository/index.ts'
import type { LoadedMemory } from './loaded-memory.ts'
import type { LoadedModel } from './messages.ts'
import { type CopyPlaces, ModelCopies } from './model-copies.ts'
import { PooledModel } from './pooled-model.ts'
import { type ModelPool, RemoteModel } from './remote-model.ts'
import { roomiestSeat } from './roomiest-seat.ts'
import type { WorkerKind } from './start-worker.ts'
import { WaitingRoom, type WaitLimits } from './waiting-room.ts'
import type { WorkerLink } from './worker-link.ts'
import { WorkerSeat } from './worker-seat.ts'
import { type WorkerStatistics, workerStatistics } from './worker-statistics.ts'

export interface WorkerPoolOptions {
  /** What log lines and statistics call it. */
  readonly name: string
  readonly kind: WorkerKind
  readonly workerCount: number
  readonly environmentFolder: string | undefined
  readonly stopTimeoutMs: number
  readonly loadTimeoutMs: number
  readonly maxWaitingRequests: number
  /** Models have copies on some workers, which finish their requests in that time; undefined: every worker has every model. */
  readonly copies: { readonly drainTimeoutMs: number } | undefined
  readonly log: ServerLogger
  readonly onChange: () => void
  readonly onDispatch: (inFlight: number) => void
  /** Its last model has been unloaded. */
  readonly onEmpty: () => Promise<void>
}

interface FirstLoad {
  readonly first: WorkerSeat
  readonly loaded: LoadedModel
}

/** Workers that hold the same models, or copies of those that they share. */
export class WorkerPool implements ModelPool {
  readonly #options: WorkerPoolOptions
  readonly #log: ServerLogger
  readonly #seats: WorkerSeat[]
  /** What every worker should hold, by number. */
  readonly #models = new Map<number, PooledModel>()
  /** Those, and what is being loaded for the first time. */
  readonly #known = new Map<number, PooledModel>()
  readonly #remotes = new Map<PooledModel, RemoteModel>()
  /** Null where every worker has every model. */
  readonly #copies: Map<PooledModel, ModelCopies> | null
  readonly #waiting: WaitingRoom
  readonly #joining: WaitingRoom
  /** Ends when no load is being tried again. */
  #suspects: Promise<unknown> = Promise.resolve()
  /** Every worker has joined, or ended, for the first time. */
  readonly #settled: Promise<unknown>
  #nextNumber = 1
  #nextSeat = 0
  #isClosed = false

  constructor(options: WorkerPoolOptions) {
    const { name, workerCount, kind, environmentFolder, stopTimeoutMs, loadTimeoutMs } = options
    this.#options = options
    this.#log = options.log.with({ pool: name })
    this.#copies = options.copies === undefined ? null : new Map()
    this.#waiting = new WaitingRoom(options.maxWaitingRequests)
    // Loads are bounded by whoever asks for them.
    this.#joining = new WaitingRoom(Infinity)
    this.#seats = Array.from(
      { length: workerCount },
      (_, index) =>
        new WorkerSeat({
          index,
          kind,
          environmentFolder,
          stopTimeoutMs,
          loadTimeoutMs,
          log: this.#log,
          models: () => this.#modelsOf(index),
          find: number => this.#known.get(number),
          changed: () => this.#changed(),
        }),
    )
    this.#settled = Promise.all(this.#seats.map(({ settled }) => settled))
  }

  /**
   * Loads a model on every worker: first on one, so that a model that fails or stops its worker does so once. Where
   * models have copies, it stays with that one.
   * @throws what its load threw, or the reason of the context's signal
   */
  async load(settings: ModelVersionSettings, context: LoadContext): Promise<RemoteModel> {
    const model = new PooledModel(this.#nextNumber++, settings, context)
    this.#known.set(model.number, model)
    try {
      const { first, loaded } = await this.#loadFirst(model, context)
      const copies = this.#copies === null ? null : new ModelCopies(model, first, this.#places)
      if (copies !== null) {
        model.bytes = loaded.memory.statedBytes ?? loaded.memory.grownBytes ?? 0
        this.#copies?.set(model, copies)
      }
      this.#models.set(model.number, model)
      const memory = copies === null ? this.#onEverySeat(loaded.memory) : loaded.memory
      const remote = new RemoteModel(copies ?? this, model, { ...loaded, memory }, copies)
      if (copies === null) {
        const others = this.#seats.filter(seat => seat !== first)
        await Promise.all(others.map(seat => this.#spread(seat, model, context)))
      }
      this.#remotes.set(model, remote)
      this.#updateReadiness(model, remote)
      return remote
    } catch (error) {
      await this.#forget(model).catch(ignore)
      throw error
    }
  }

  pick(model: PooledModel): WorkerLink | undefined {
    const link = this.#leastBusy(model)?.link
    if (link !== undefined) this.#options.onDispatch(link.inFlightCount + 1)
    return link
  }

  async wait(model: PooledModel, limits: WaitLimits): Promise<WorkerLink> {
    this.#assertHope(model)
    const seat = await this.#waiting.wait(model, limits)
    return seat.link
  }

  async release(model: PooledModel): Promise<void> {
    try {
      await this.#forget(model)
    } finally {
      if (this.#known.size === 0) await this.#options.onEmpty()
    }
  }

  get isEmpty(): boolean {
    return this.#known.size === 0
  }

  statistics(): Promise<readonly WorkerStatistics[]> {
    return Promise.all(
      this.#seats.map(seat => workerStatistics(this.#options.name, this.#options.kind, seat)),
    )
  }

  /** Ends every worker; what they have not answered within `graceMs` fails. */
  async close(graceMs: number): Promise<void> {
    this.#isClosed = true
    this.#changed()
    await Promise.all(this.#seats.map(seat => seat.stop(graceMs)))
  }

  /**
   * Loads on one worker. If that ends while it does other things as well, this is tried again with nothing else
   * that is suspected beside it: a model must not fail because another one stops the worker.
   */
  async #loadFirst(model: PooledModel, context: LoadContext): Promise<FirstLoad> {
    try {
      return await this.#loadOnJoined(model, context)
    } catch (error) {
      if (!model.isSuspect) throw error
      const retried = this.#suspects.then(() => this.#loadOnJoined(model, context))
      this.#suspects = retried.catch(ignore)
      return retried
    }
  }

  async #loadOnJoined(model: PooledModel, { signal }: LoadContext): Promise<FirstLoad> {
    const limits = { signal, deadlineMs: Infinity }
    // Which worker has most room is known when they are there.
    if (this.#copies !== null) await unlessAborted(this.#settled, signal)
    const first = this.#firstJoined(model) ?? (await this.#joining.wait(model, limits))
    return { first, loaded: await first.load(model, signal) }
  }

  /** Loads on a further worker. One that has not joined yet, or ends, gets the model before it joins. */
  async #spread(seat: WorkerSeat, model: PooledModel, { signal }: LoadContext): Promise<void> {
    if (!seat.hasJoined) {
      await unlessAborted(seat.settled, signal)
      return
    }
    const { link } = seat
    try {
      await seat.load(model, signal)
    } catch (error) {
      signal.throwIfAborted()
      if (seat.hasJoined && seat.link === link) throw error
    }
  }

  async #forget(model: PooledModel): Promise<void> {
    model.isWanted = false
    this.#models.delete(model.number)
    this.#remotes.delete(model)
    const copies = this.#copies?.get(model)
    this.#copies?.delete(model)
    // Whoever waits for it learns that it has gone.
    this.#changed()
    try {
      await copies?.end()
      const results = await Promise.allSettled(this.#seats.map(seat => seat.unload(model)))
      for (const result of results) if (result.status === 'rejected' && !this.#isClosed) throw result.reason
    } finally {
      // Only now: lines and metrics of its unload still find it.
      this.#known.delete(model.number)
    }
  }

  /** Threads share the memory of the server's process, so that how it grew while one loaded says nothing. */
  #onEverySeat({ statedBytes, grownBytes }: LoadedMemory): LoadedMemory {
    const times = (bytes: number | undefined) =>
      bytes === undefined ? undefined : bytes * this.#seats.length
    const isThread = this.#options.kind === 'thread'
    return { statedBytes: times(statedBytes), grownBytes: isThread ? undefined : times(grownBytes) }
  }

  #leastBusy(model: PooledModel): WorkerSeat | undefined {
    const seats = this.#seats
    let best: WorkerSeat | undefined
    let isBestReady = false
    for (let offset = 0; offset < seats.length; offset++) {
      const seat = seats[(this.#nextSeat + offset) % seats.length]!
      if (!seat.holds(model)) continue
      const isReady = seat.saysReady(model)
      if (isBestReady && !isReady) continue
      if (best !== undefined && isBestReady === isReady && seat.link.inFlightCount >= best.link.inFlightCount)
        continue
      best = seat
      isBestReady = isReady
    }
    if (best !== undefined) this.#nextSeat = (best.index + 1) % seats.length
    return best
  }

  #firstJoined(model: PooledModel): WorkerSeat | undefined {
    this.#assertHope(model)
    return this.#copies === null ? this.#seats.find(seat => seat.hasJoined) : roomiestSeat(this.#seats)
  }

  *#modelsOf(index: number): Iterable<PooledModel> {
    const seat = this.#seats[index]!
    for (const model of this.#models.values())
      if (this.#copies === null || this.#copies.get(model)?.isOn(seat) === true) yield model
  }

  get #places(): CopyPlaces {
    return {
      seats: this.#seats,
      drainTimeoutMs: this.#options.copies?.drainTimeoutMs ?? 0,
      loadTimeoutMs: this.#options.loadTimeoutMs,
      wait: (model, limits) => this.wait(model, limits),
      release: model => this.release(model),
      dispatched: this.#options.onDispatch,
      changed: () => this.#changed(),
    }
  }

  /** @throws ServingError UNAVAILABLE when waiting for a worker would be in vain */
  #assertHope(model: PooledModel): void {
    const { name } = model.settings
    if (this.#isClosed) throw new ServingError('UNAVAILABLE', 'the server is stopping')
    if (!model.isWanted) throw new ServingError('UNAVAILABLE', `Model ${name} has been unloaded`)
    const reason = this.#hopeless(model)
    if (reason === '') return
    throw new ServingError('UNAVAILABLE', `Model ${name} has no worker. ${reason}`, { retryAfterMs: 1000 })
  }

  /** Why no worker will hold the model soon; empty if one does or will. */
  #hopeless(model: PooledModel): string {
    if (model.failure !== '') return model.failure
    const seats = this.#copies?.get(model)?.seats ?? this.#seats
    const isNowhere = seats.every(seat => seat.hasJoined && !seat.holds(model))
    if (isNowhere && this.#models.has(model.number)) return `It could not be loaded again: ${model.problem}`
    // One that is starting for the first time, or has been replaced once, may well join.
    const loops = seats.map(seat => seat.crashLoop)
    const exit = loops.find(exit => exit !== null)
    if (exit === undefined || exit === null || loops.includes(null)) return ''
    const text = exit.error === undefined ? '' : `: ${exit.error.message}`
    return `Its workers stop again and again, the last with ${exit.how}${text}.`
  }

  #changed(): void {
    const find = (pick: (model: PooledModel) => WorkerSeat | undefined) => (model: PooledModel) => {
      const seat = pick(model)
      if (seat === undefined) this.#assertHope(model)
      return seat
    }
    this.#waiting.serve(find(model => this.#leastBusy(model)))
    this.#joining.serve(find(model => this.#firstJoined(model)))
    for (const [model, remote] of this.#remotes) this.#updateReadiness(model, remote)
    this.#options.onChange()
  }

  #updateReadiness(model: PooledModel, remote: RemoteModel): void {
    if (this.#seats.some(seat => seat.holds(model))) {
      remote.isReady = this.#seats.some(seat => seat.saysReady(model))
      remote.reason = ''
      return
    }
    // A short gap is none: requests wait for the replacement.
    remote.reason = this.#hopeless(model)
    if (remote.reason !== '') remote.isReady = false
  }
}

async function unlessAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

function ignore(): void {}
