import type { ServerLogger } from '../base/index.ts'
import type { LoadedModel } from './messages.ts'
import type { PooledModel } from './pooled-model.ts'
import { RestartBackoff } from './restart-backoff.ts'
import type { WorkerExit, WorkerKind } from './start-worker.ts'
import { WorkerLink } from './worker-link.ts'

const FIRST_RETRY_MS = 100
const MAX_RETRY_MS = 30_000
/** A model whose load stops this many workers in a row is not loaded again: it would take its neighbours along. */
const MAX_STOPS_BY_LOAD = 3

export interface WorkerSeatOptions {
  readonly index: number
  readonly kind: WorkerKind
  readonly environmentFolder: string | undefined
  readonly stopTimeoutMs: number
  /** How long a replacement may take to load one model. */
  readonly loadTimeoutMs: number
  readonly log: ServerLogger
  /** The models that this worker of the pool should hold. */
  readonly models: () => Iterable<PooledModel>
  readonly find: (model: number) => PooledModel | undefined
  /** The worker has joined or left, or a model on it has become ready or unready. */
  readonly changed: () => void
}

/**
 * One place in a pool, and the worker that has it. A worker that ends is replaced after a while; the
 * replacement loads the pool's models before it joins.
 */
export class WorkerSeat {
  readonly #options: WorkerSeatOptions
  #link: WorkerLink
  #state: 'starting' | 'joined' | 'waiting' | 'stopped' = 'starting'
  /** Models that the worker holds, and whether each says that it is ready. */
  readonly #held = new Map<PooledModel, boolean>()
  /** What it is loading now; a worker that ends is held against them. */
  readonly #loading = new Set<PooledModel>()
  readonly #backoff = new RestartBackoff(performance.now())
  /** Workers in a row that ended before they joined. */
  #endsUnjoined = 0
  #restartCount = 0
  #lastExit: WorkerExit | null = null
  #restart: NodeJS.Timeout | undefined
  #retry: NodeJS.Timeout | undefined
  readonly #settle: () => void
  /** Resolves when its first worker has joined or ended. */
  readonly settled: Promise<void>

  constructor(options: WorkerSeatOptions) {
    this.#options = options
    const { promise, resolve } = Promise.withResolvers<void>()
    this.settled = promise
    this.#settle = resolve
    this.#link = this.#start()
  }

  get index(): number {
    return this.#options.index
  }

  get link(): WorkerLink {
    return this.#link
  }

  get hasJoined(): boolean {
    return this.#state === 'joined'
  }

  get restartCount(): number {
    return this.#restartCount
  }

  /** How its last worker ended, if waiting for the next is in vain: two have not even joined, or it comes late. */
  get crashLoop(): WorkerExit | null {
    const isLooping = this.#endsUnjoined > 1 || this.#backoff.isLong
    return isLooping && this.#state !== 'joined' ? this.#lastExit : null
  }

  get loadingCount(): number {
    return this.#loading.size
  }

  get heldCount(): number {
    return this.#held.size
  }

  /** What the models that it holds are known to take. */
  get heldBytes(): number {
    let total = 0
    for (const { bytes } of this.#held.keys()) total += bytes
    return total
  }

  holds(model: PooledModel): boolean {
    return this.#state === 'joined' && this.#held.has(model)
  }

  saysReady(model: PooledModel): boolean {
    return this.#state === 'joined' && this.#held.get(model) === true
  }

  /**
   * Loads a model on the worker.
   * @throws what its load threw, or the signal's reason; INTERNAL if the worker ended
   */
  async load(model: PooledModel, signal: AbortSignal): Promise<LoadedModel> {
    const link = this.#link
    const { call, loaded } = link.load(model.number, model.settings)
    const abort = (): void => {
      link.abort(call, signal.reason)
      // A worker that is alive answers at once.
      const timer = setTimeout(() => link.kill(), this.#options.stopTimeoutMs)
      void loaded.catch(ignore).finally(() => clearTimeout(timer))
    }
    this.#loading.add(model)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort)
    try {
      const value = await loaded
      model.stopCount = 0
      if (model.isWanted) this.#held.set(model, value.isReady)
      else await this.#unloadFrom(link, model)
      return value
    } catch (error) {
      // A worker that was ended for it fails otherwise.
      signal.throwIfAborted()
      throw error
    } finally {
      signal.removeEventListener('abort', abort)
      this.#loading.delete(model)
    }
  }

  /**
   * Unloads a model if the worker holds it. A worker that is too busy to hear of it is ended.
   * @throws what its unload threw
   */
  async unload(model: PooledModel): Promise<void> {
    if (this.#held.delete(model)) await this.#unloadFrom(this.#link, model)
  }

  setReady(model: PooledModel, isReady: boolean): void {
    if (this.#held.has(model)) this.#held.set(model, isReady)
    this.#options.changed()
  }

  /** Ends the worker for good: it may unload what it holds, for at most `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    const isWaiting = this.#state === 'waiting'
    this.#state = 'stopped'
    this.#settle()
    clearTimeout(this.#restart)
    clearTimeout(this.#retry)
    if (isWaiting) return
    this.#link.stop()
    const timer = setTimeout(() => this.#link.kill(), graceMs)
    await this.#link.exited
    clearTimeout(timer)
  }

  #start(): WorkerLink {
    const { kind, environmentFolder, stopTimeoutMs, find } = this.#options
    this.#state = 'starting'
    const link = new WorkerLink({
      kind,
      environmentFolder,
      stopTimeoutMs,
      started: () => void this.#restore(link),
      log: (model, line) => find(model)?.writeLine(line),
      metrics: (model, batch) => find(model)?.record(batch),
      readiness: (number, isReady) => {
        const model = find(number)
        if (model !== undefined) this.setReady(model, isReady)
      },
      exited: (exit, inFlightCount) => this.#exited(exit, inFlightCount),
    })
    return link
  }

  /** Loads what the pool has, then joins. */
  async #restore(link: WorkerLink): Promise<void> {
    const isWhole = await this.#loadMissing(link, 'starting')
    if (link !== this.#link || this.#state !== 'starting') return
    this.#state = 'joined'
    this.#backoff.joined(performance.now())
    this.#settle()
    if (this.#restartCount > 0) this.#options.log.info('worker replaced', { worker: link.id })
    this.#options.changed()
    if (!isWhole) this.#loadLater(link, FIRST_RETRY_MS)
  }

  /** Tries again what could not be loaded: the reason may pass, and no other worker may have it. */
  #loadLater(link: WorkerLink, delayMs: number): void {
    this.#retry = setTimeout(() => void this.#retryLoading(link, delayMs), delayMs)
  }

  async #retryLoading(link: WorkerLink, delayMs: number): Promise<void> {
    const isWhole = await this.#loadMissing(link, 'joined')
    if (link !== this.#link || this.#state !== 'joined') return
    this.#options.changed()
    if (!isWhole) this.#loadLater(link, Math.min(MAX_RETRY_MS, delayMs * 2))
  }

  /** Loads each of the pool's models that the worker does not hold, and says whether it holds all now. */
  async #loadMissing(link: WorkerLink, state: 'starting' | 'joined'): Promise<boolean> {
    const tried = new Set<PooledModel>()
    let isWhole = true
    while (link === this.#link && this.#state === state) {
      // What came meanwhile is loaded as well; what stopped a worker before comes last.
      const missing = [...this.#options.models()].filter(
        model =>
          !tried.has(model) && !this.#held.has(model) && !this.#loading.has(model) && model.failure === '',
      )
      const model = missing.toSorted((a, b) => a.stopCount - b.stopCount)[0]
      if (model === undefined) break
      tried.add(model)
      try {
        const timeoutMs = model.settings.loadTimeoutMs ?? this.#options.loadTimeoutMs
        await this.load(model, AbortSignal.timeout(timeoutMs))
        // It may be wanted elsewhere alone by now.
        if (!this.#isWanted(model)) await this.unload(model)
      } catch (error) {
        isWhole = false
        if (link !== this.#link) break
        model.problem = error instanceof Error ? error.message : String(error)
        model.log.error('the model could not be loaded on a new worker', { worker: link.id, error })
      }
    }
    return isWhole
  }

  #isWanted(model: PooledModel): boolean {
    for (const wanted of this.#options.models()) if (wanted === model) return true
    return false
  }

  async #unloadFrom(link: WorkerLink, model: PooledModel): Promise<void> {
    const unloading = link.unload(model.number)
    const { stopTimeoutMs } = this.#options
    let timer = setTimeout(() => {
      // Unloading may take its time; not to answer at all may not.
      timer = setTimeout(() => link.kill(), stopTimeoutMs)
      void link.usage().then(() => clearTimeout(timer), ignore)
    }, stopTimeoutMs)
    try {
      await unloading
    } finally {
      clearTimeout(timer)
    }
  }

  #exited(exit: WorkerExit, inFlightCount: number): void {
    const isStopped = this.#state === 'stopped'
    this.#held.clear()
    if (exit.isHeld)
      this.#options.log.error(
        'a worker could not be ended: native code holds its thread until that returns',
        {
          worker: this.#link.id,
        },
      )
    if (isStopped) return
    this.#endsUnjoined = this.#state === 'joined' ? 0 : this.#endsUnjoined + 1
    this.#state = 'waiting'
    this.#lastExit = exit
    clearTimeout(this.#retry)
    // Only where nothing else was going on is it clear what the worker ended of.
    const isSure = this.#loading.size === 1 && inFlightCount === 0
    for (const model of this.#loading) {
      if (isSure) this.#blame(model, exit)
      else model.isSuspect = true
    }
    const restartMs = this.#backoff.ended(performance.now())
    this.#options.log.error(`worker stopped unexpectedly with ${exit.how}`, {
      worker: this.#link.id,
      restartMs,
      ...(exit.error === undefined ? {} : { error: exit.error }),
    })
    this.#restart = setTimeout(() => {
      this.#restartCount++
      this.#link = this.#start()
    }, restartMs)
    this.#settle()
    this.#options.changed()
  }

  #blame(model: PooledModel, { how }: WorkerExit): void {
    model.stopCount++
    if (model.stopCount < MAX_STOPS_BY_LOAD) return
    model.failure = `Its load() stopped ${model.stopCount} workers, the last with ${how}.`
    model.log.error('the model is not loaded again', { reason: model.failure })
  }
}

function ignore(): void {}
