import { ServingError } from '@millrace/sdk'
import { type CacheClock, systemClock } from './cache-clock.ts'
import { CacheCounts } from './cache-counts.ts'
import { CacheEntry } from './cache-entry.ts'
import { EvictionOrder } from './eviction-order.ts'
import { nextFailure } from './failed-load.ts'
import { createLoadQueue } from './load-queue.ts'
import { MemorySpace } from './memory-space.ts'
import type {
  CachedModel,
  CachedState,
  CacheFigures,
  EvictionReason,
  LoadDemand,
  ModelCache,
  ModelLoader,
  ModelTraits,
} from './model-cache.ts'
import type { ModelCacheOptions } from './model-cache-options.ts'
import * as refusals from './refusals.ts'
import { chooseVictims } from './victims.ts'
import { WaitingList } from './waiting-list.ts'

/** What is loaded ahead of its use counts as used so long ago. */
const PRELOAD_AGE_MS = 3_600_000
/** Added to a time of use that would not be later than the one before; exact at today's dates. */
const STEP_MS = 1 / 1024

export function createModelCache(loader: ModelLoader, options: ModelCacheOptions): ModelCache {
  return new Cache(loader, options)
}

class Cache implements ModelCache {
  readonly #loader: ModelLoader
  readonly #options: ModelCacheOptions
  readonly #clock: CacheClock
  readonly #space: MemorySpace
  /** What is loaded, on its way, pinned, or has failed. */
  readonly #entries = new Map<string, CacheEntry>()
  readonly #order = new EvictionOrder()
  readonly #queue = createLoadQueue()
  readonly #pins = new Map<string, boolean>()
  readonly #listeners = new Set<(model: CachedModel) => void>()
  readonly #waiting: WaitingList
  readonly #counts = new CacheCounts()
  #loads = 0
  #loaded = 0
  #lastNumber = 0
  #lastStampMs = 0
  #isClosed = false

  constructor(loader: ModelLoader, options: ModelCacheOptions) {
    this.#loader = loader
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#space = new MemorySpace(options.budgetBytes)
    this.#waiting = new WaitingList(options.maxWaiting)
  }

  get budgetBytes(): number {
    return this.#space.budget
  }

  get figures(): CacheFigures {
    return this.#counts.figures(this.#space, this.#loaded, this.#waiting.size)
  }

  setBudget(bytes: number): void {
    if (!Number.isSafeInteger(bytes) || bytes < 1)
      throw new ServingError(
        'INVALID_ARGUMENT',
        `${bytes} is not a budget; allowed is a whole number of bytes`,
      )
    this.#space.budget = bytes
    this.#shrink('budget')
    this.#pump()
  }

  touch(id: string): void {
    const entry = this.#entries.get(id)
    if (entry?.state !== 'LOADED') return
    this.#counts.hits++
    entry.lastUsedMs = this.#stamp()
  }

  async ensureLoaded(id: string, demand: LoadDemand = {}): Promise<void> {
    if (this.#isClosed) throw refusals.stopping()
    const { priority = 'request', isByHand = false, signal } = demand
    const stampMs = this.#stamp()
    const lastUsedMs = demand.lastUsedMs ?? (priority === 'preload' ? stampMs - PRELOAD_AGE_MS : stampMs)
    let entry = this.#entries.get(id)
    if (entry?.state === 'LOADED') {
      entry.lastUsedMs = Math.max(entry.lastUsedMs, lastUsedMs)
      return
    }
    signal?.throwIfAborted()
    if (!isByHand) this.#refuseFailed(id)
    this.#waiting.assertRoom(id, priority)
    this.#counts.misses++
    entry ??= this.#create(id)
    const isIdle = entry.state === 'NOT_LOADED' || entry.state === 'FAILED'
    // Of a model that has gone, the time of its last use says nothing to whoever asks for it now.
    entry.lastUsedMs = isIdle ? lastUsedMs : Math.max(entry.lastUsedMs, lastUsedMs)
    const joined = entry
    const waited = this.#waiting.join(joined, { priority, isByHand }, signal, () => this.#left(joined))
    if (isIdle) void this.#prepare(entry)
    else this.#queue.moved(entry)
    await waited
  }

  modelOf(id: string): CachedModel {
    const entry = this.#entries.get(id)
    if (entry !== undefined) return entry.view()
    const isPinned = this.#pins.get(id) ?? false
    return { id, state: 'NOT_LOADED', bytes: 0, lastUsedMs: 0, sinceMs: 0, isPinned, reason: '' }
  }

  models(): readonly CachedModel[] {
    return Array.from(this.#entries.values(), entry => entry.view())
  }

  async reload(id: string, signal: AbortSignal = new AbortController().signal): Promise<void> {
    const entry = this.#entries.get(id)
    if (entry?.state !== 'LOADED') return this.ensureLoaded(id, { signal, isByHand: true })
    const bytes = await this.#loader.load(id, signal)
    const traits = (await this.#loader.traitsOf?.(id)) ?? {}
    if (entry.state !== 'LOADED') return undefined
    this.#correct(entry, bytes)
    // Its settings may be others now.
    this.#order.remove(entry)
    this.#give(entry, traits)
    if (!entry.isPinned) this.#order.add(entry)
    this.#watchIdle(entry)
    if (bytes > this.#space.usable) {
      this.#evict(entry, 'pressure')
      throw refusals.tooLarge(id, bytes, this.#space.usable, true)
    }
    this.#shrink('pressure')
    this.#announce(entry)
    return undefined
  }

  forgetFailure(id: string): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    entry.failure = null
    if (entry.state === 'FAILED') this.#rest(entry)
  }

  setPinned(id: string, isPinned: boolean): void {
    this.#pins.set(id, isPinned)
    const entry = this.#entries.get(id)
    if (entry === undefined || entry.isPinned === isPinned) return
    entry.isPinned = isPinned
    if (entry.state === 'LOADED') {
      if (isPinned) this.#order.remove(entry)
      else this.#order.add(entry)
    }
    this.#announce(entry)
    if (isPinned) return
    this.#shrink('budget')
    this.#pump()
  }

  async remove(id: string): Promise<void> {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    const { state } = entry
    entry.failure = null
    entry.attempt++
    entry.settle(({ reject }) => reject(refusals.removed(id)))
    entry.isUnwanted = true
    entry.loading?.abort(refusals.removed(id))
    if (state === 'LOADED') this.#evict(entry, 'asked')
    else if (state === 'QUEUED' || state === 'FAILED') this.#rest(entry)
    await entry.ended
    this.#pump()
  }

  onChange(listener: (model: CachedModel) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const reason = refusals.stopping()
    const entries = [...this.#entries.values()]
    for (const entry of entries) {
      entry.attempt++
      entry.stopTimer?.()
      this.#queue.remove(entry)
      entry.settle(({ reject }) => reject(reason))
      entry.isUnwanted = true
      entry.loading?.abort(reason)
    }
    await Promise.all(entries.flatMap(entry => (entry.loading === null ? [] : [entry.ended])))
  }

  /** A time of use: that of the clock, and later than every one before. */
  #stamp(): number {
    const nowMs = this.#clock.epochMs()
    // In fractions of a millisecond, which `Math.floor` takes away where lengths of time are compared.
    this.#lastStampMs = nowMs > this.#lastStampMs ? nowMs : this.#lastStampMs + STEP_MS
    return this.#lastStampMs
  }

  #create(id: string): CacheEntry {
    const entry = new CacheEntry(id, ++this.#lastNumber, this.#clock.epochMs())
    this.#entries.set(id, entry)
    return entry
  }

  /** @throws ServingError UNAVAILABLE while a failed load is remembered */
  #refuseFailed(id: string): void {
    const failure = this.#entries.get(id)?.failure
    const nowMs = this.#clock.epochMs()
    if (failure && nowMs < failure.retryAtMs) throw refusals.hasFailed(id, failure, nowMs)
  }

  /** Somebody has given up waiting. */
  #left(entry: CacheEntry): void {
    if (entry.state !== 'QUEUED') return
    // A load that nobody waits for is not begun.
    if (entry.demands.size > 0) this.#queue.moved(entry)
    else this.#rest(entry)
    this.#pump()
  }

  /** Learns what is to be known of a model before its load, and puts it into the queue. */
  async #prepare(entry: CacheEntry): Promise<void> {
    const { id } = entry
    const attempt = ++entry.attempt
    entry.stopTimer?.()
    entry.queuedMs = this.#clock.epochMs()
    this.#enter(entry, 'QUEUED')
    try {
      const isKnown = await this.#loader.isKnown(id)
      if (attempt !== entry.attempt) return
      if (!isKnown) {
        this.#giveUp(entry, refusals.unknownModel(id))
        return
      }
      const [bytes, traits] = await Promise.all([
        this.#loader.predictBytes(id),
        this.#loader.traitsOf?.(id) ?? {},
      ])
      if (attempt !== entry.attempt) return
      entry.bytes = bytes
      this.#give(entry, traits)
    } catch (error) {
      if (attempt === entry.attempt) this.#fail(entry, error)
      return
    }
    this.#queue.add(entry)
    this.#pump()
  }

  #give(entry: CacheEntry, { isPinned, priority, idleMs }: ModelTraits): void {
    entry.priority = priority ?? 0
    entry.idleMs = idleMs ?? this.#options.idleMs
    entry.isPinned = this.#pins.get(entry.id) ?? isPinned ?? false
  }

  /** Begins what can be begun. */
  #pump(): void {
    while (!this.#isClosed && this.#loads < this.#options.maxLoads) {
      const entry = this.#queue.first
      if (entry === undefined) return
      const refusal = this.#makeRoom(entry)
      // Nobody overtakes whoever waits for room; else small models would keep a large one waiting.
      if (refusal === null && !this.#space.hasRoom(entry.bytes)) return
      this.#queue.remove(entry)
      if (refusal !== null) this.#giveUp(entry, refusal)
      else entry.ended = this.#load(entry)
    }
  }

  /** Has others go as far as they must for a model; or says why they do not, and then none goes. */
  #makeRoom(entry: CacheEntry): ServingError | null {
    const choice = chooseVictims(entry, {
      space: this.#space,
      order: this.#order,
      nowMs: this.#clock.epochMs(),
      leastAgeMs: this.#options.leastAgeMs ?? 0,
      isLoading: this.#loads > 0,
    })
    if ('refusal' in choice) return choice.refusal
    for (const victim of choice.victims) this.#evict(victim, 'pressure')
    return null
  }

  async #load(entry: CacheEntry): Promise<void> {
    const { id } = entry
    const startedMs = this.#clock.epochMs()
    const controller = new AbortController()
    const { signal } = controller
    const { loadTimeoutMs } = this.#options
    const stopTimer =
      loadTimeoutMs === undefined
        ? null
        : this.#clock.after(loadTimeoutMs, () => controller.abort(refusals.loadTooSlow(id, loadTimeoutMs)))
    entry.loading = controller
    entry.isUnwanted = false
    this.#loads++
    this.#space.take(entry.bytes)
    this.#options.observer?.dequeued?.(startedMs - entry.queuedMs)
    this.#enter(entry, 'LOADING')
    let error: unknown = null
    try {
      this.#correct(entry, await this.#loader.load(id, signal))
    } catch (thrown) {
      error = thrown ?? new Error('it failed without a reason')
    }
    stopTimer?.()
    entry.loading = null
    this.#loads--
    if (error === null && !signal.aborted) {
      this.#hasLoaded(entry, this.#clock.epochMs() - startedMs)
    } else {
      if (!entry.isUnwanted) {
        this.#remember(entry, signal.aborted ? signal.reason : error)
        this.#rejectFailed(entry)
      }
      // Whatever it has left behind takes memory as long as it is there.
      await this.#unload(entry)
    }
    // Whoever has waited is inside of the model before it can have to go again.
    setImmediate(() => this.#pump())
  }

  #hasLoaded(entry: CacheEntry, durationMs: number): void {
    const { id, bytes } = entry
    const { usable } = this.#space
    this.#options.observer?.loaded?.(id, durationMs, bytes)
    if (bytes > usable) {
      this.#remember(entry, refusals.tooLarge(id, bytes, usable, true))
      this.#rejectFailed(entry)
      entry.ended = this.#unload(entry)
      return
    }
    this.#loaded++
    const isRequested = entry.requestCount > 0
    if (isRequested) entry.lastUsedMs = this.#stamp()
    if (!entry.isPinned && !isRequested) this.#order.add(entry)
    this.#enter(entry, 'LOADED')
    this.#shrink('pressure')
    // What was loaded ahead may have been the first to go; what a request waits for goes only if nothing else is left.
    if (!entry.isPinned && isRequested) {
      if (this.#space.missing(0) > 0 && this.#loads === 0) this.#evict(entry, 'pressure')
      else this.#order.add(entry)
    }
    if (entry.state !== 'LOADED') {
      entry.settle(({ reject }) => reject(refusals.tooOld(id, bytes)))
      return
    }
    entry.failure = null
    this.#watchIdle(entry)
    entry.settle(({ resolve }) => resolve())
  }

  /** Evicts until what is loaded fits. */
  #shrink(reason: EvictionReason): void {
    while (this.#space.missing(0) > 0) {
      const victim = this.#order.first
      if (victim === undefined) return
      this.#evict(victim, reason)
    }
  }

  #evict(entry: CacheEntry, reason: EvictionReason): void {
    const ageMs = Math.max(this.#clock.epochMs() - Math.floor(entry.lastUsedMs), 0)
    this.#order.remove(entry)
    this.#loaded--
    this.#counts.evictions[reason]++
    this.#options.observer?.evicted?.(entry.id, reason, ageMs, entry.bytes)
    entry.ended = this.#unload(entry)
  }

  async #unload(entry: CacheEntry): Promise<void> {
    const { id, bytes } = entry
    entry.stopTimer?.()
    this.#space.leave(bytes)
    this.#enter(entry, 'UNLOADING')
    const { promise: expired, resolve: expire } = Promise.withResolvers<'expired'>()
    const stopTimer = this.#clock.after(this.#options.unloadTimeoutMs, () => expire('expired'))
    try {
      const unloading = this.#loader.unload(id).then(() => 'free' as const)
      const outcome = await Promise.race([unloading, expired])
      this.#space.left(bytes, outcome === 'free')
      if (outcome === 'expired') {
        this.#unloadFailed(entry, new Error(`it takes longer than ${this.#options.unloadTimeoutMs} ms`))
        void unloading.then(() => {
          this.#space.found(bytes)
          this.#pump()
        }, ignore)
      }
    } catch (error) {
      this.#space.left(bytes, false)
      this.#unloadFailed(entry, error)
    }
    stopTimer()
    if (entry.demands.size > 0 && !this.#isClosed) void this.#prepare(entry)
    else this.#rest(entry)
    this.#pump()
  }

  #unloadFailed({ id, bytes }: CacheEntry, error: unknown): void {
    this.#counts.unloadFailures++
    this.#options.observer?.unloadFailed?.(id, error, bytes)
    this.#shrink('pressure')
  }

  /** The real size in place of the predicted one. */
  #correct(entry: CacheEntry, bytes: number): void {
    this.#space.take(bytes - entry.bytes)
    entry.bytes = bytes
  }

  /** Who waits is refused, and nothing is remembered of it. */
  #giveUp(entry: CacheEntry, error: ServingError): void {
    entry.settle(({ reject }) => reject(error))
    this.#rest(entry)
  }

  #fail(entry: CacheEntry, error: unknown): void {
    this.#remember(entry, error)
    this.#rejectFailed(entry)
    this.#rest(entry)
  }

  #remember(entry: CacheEntry, thrown: unknown): void {
    entry.failure = nextFailure(entry.failure, thrown, this.#clock.epochMs(), this.#options)
    this.#counts.loadFailures++
    this.#options.observer?.loadFailed?.(entry.id, entry.failure.error)
  }

  #rejectFailed(entry: CacheEntry): void {
    const failure = entry.failure!
    const error = refusals.hasFailed(entry.id, failure, this.#clock.epochMs())
    entry.settle(({ reject, isByHand }) => reject(isByHand ? failure.error : error))
  }

  /** Nothing is under way for it. */
  #rest(entry: CacheEntry): void {
    this.#queue.remove(entry)
    entry.stopTimer?.()
    entry.attempt++
    entry.bytes = 0
    const { failure } = entry
    this.#enter(entry, failure === null ? 'NOT_LOADED' : 'FAILED')
    if (failure === null) {
      this.#entries.delete(entry.id)
      return
    }
    entry.stopTimer = this.#clock.after(this.#options.failureExpiryMs, () => {
      if (entry.failure !== failure || entry.state !== 'FAILED') return
      entry.failure = null
      this.#rest(entry)
    })
  }

  /** Unloads it when it has not been used for its idle time. */
  #watchIdle(entry: CacheEntry): void {
    entry.stopTimer?.()
    const { idleMs, id } = entry
    if (idleMs === undefined) return
    const leftMs = Math.floor(entry.lastUsedMs) + idleMs - this.#clock.epochMs()
    entry.stopTimer = this.#clock.after(Math.max(leftMs, 1), () => {
      if (entry.state !== 'LOADED' || entry.isPinned) return
      if (this.#loader.isBusy?.(id) === true) entry.lastUsedMs = this.#stamp()
      if (this.#clock.epochMs() - Math.floor(entry.lastUsedMs) >= idleMs) this.#evict(entry, 'idle')
      else this.#watchIdle(entry)
    })
  }

  #enter(entry: CacheEntry, state: CachedState): void {
    entry.state = state
    entry.sinceMs = this.#clock.epochMs()
    this.#announce(entry)
  }

  #announce(entry: CacheEntry): void {
    if (this.#listeners.size === 0) return
    const view = entry.view()
    for (const listener of this.#listeners) listener(view)
  }
}

function ignore(): void {}
