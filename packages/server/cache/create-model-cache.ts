import type { ServingError } from '@millrace/sdk'
import { type CacheClock, systemClock } from './cache-clock.ts'
import { CacheCounts } from './cache-counts.ts'
import { CacheEntry } from './cache-entry.ts'
import { ChangeListeners } from './change-listeners.ts'
import { endsWithin } from './ends-within.ts'
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
import { Refusals } from './refusals.ts'
import { UseStamps } from './use-stamps.ts'
import { chooseVictims } from './victims.ts'
import { WaitingList } from './waiting-list.ts'
import { WarmCopies } from './warm-copies.ts'

/** What is loaded ahead of its use counts as used so long ago. */
const PRELOAD_AGE_MS = 3_600_000

export function createModelCache(loader: ModelLoader, options: ModelCacheOptions): ModelCache {
  return new Cache(loader, options)
}

class Cache implements ModelCache {
  readonly #loader: ModelLoader
  readonly #options: ModelCacheOptions
  readonly #clock: CacheClock
  readonly #stamps: UseStamps
  readonly #space: MemorySpace
  /** What is loaded, on its way, pinned, or has failed. */
  readonly #entries = new Map<string, CacheEntry>()
  readonly #order = new EvictionOrder()
  readonly #queue = createLoadQueue()
  readonly #pins = new Map<string, boolean>()
  readonly #listeners = new ChangeListeners()
  readonly #waiting: WaitingList
  readonly #counts = new CacheCounts()
  readonly #refusals: Refusals
  readonly #copies: WarmCopies
  #loads = 0
  #loaded = 0
  #lastNumber = 0
  #isClosed = false

  constructor(loader: ModelLoader, options: ModelCacheOptions) {
    this.#loader = loader
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#stamps = new UseStamps(this.#clock)
    this.#space = new MemorySpace(options.budgetBytes)
    this.#refusals = new Refusals(options.words)
    this.#waiting = new WaitingList(options, this.#refusals, this.#clock)
    this.#copies = new WarmCopies({
      ...options,
      loader,
      space: this.#space,
      order: this.#order,
      clock: this.#clock,
      isCrowded: () => this.#queue.first !== undefined,
      evict: entry => this.#evict(entry, 'pressure'),
      resized: entry => this.#listeners.tell(entry),
      freed: () => this.#pump(),
      unloadFailed: (copy, error) => this.#unloadFailed(copy, error),
    })
  }

  get budgetBytes(): number {
    return this.#space.budget
  }

  get figures(): CacheFigures {
    const figures = this.#counts.figures(this.#space, this.#loaded, this.#waiting.size, this.#order.first)
    return { ...figures, copies: this.#loaded + this.#copies.extraCount }
  }

  setBudget(bytes: number): void {
    if (!Number.isSafeInteger(bytes) || bytes < 1) throw this.#refusals.noBudget(bytes)
    this.#space.budget = bytes
    this.#shrink('budget')
    this.#pump()
  }

  touch(id: string): void {
    const entry = this.#entries.get(id)
    if (entry?.state !== 'LOADED') return
    this.#counts.hits++
    entry.lastUsedMs = this.#stamps.next()
  }

  async ensureLoaded(id: string, demand: LoadDemand = {}): Promise<void> {
    if (this.#isClosed) throw this.#refusals.stopping()
    const { priority = 'request', isByHand = false, signal } = demand
    const stampMs = this.#stamps.next()
    const lastUsedMs = demand.lastUsedMs ?? (priority === 'preload' ? stampMs - PRELOAD_AGE_MS : stampMs)
    let entry = this.#entries.get(id)
    if (entry?.state === 'LOADED') {
      entry.lastUsedMs = Math.max(entry.lastUsedMs, lastUsedMs)
      return
    }
    signal?.throwIfAborted()
    const failure = isByHand ? null : entry?.failure
    if (failure && stampMs < failure.retryAtMs) throw this.#refusals.hasFailed(id, failure, stampMs)
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
    this.#copies.watch(entry)
    if (bytes > this.#space.usable) {
      this.#evict(entry, 'pressure')
      throw this.#refusals.tooLarge(id, bytes, this.#space.usable, true)
    }
    this.#shrink('pressure')
    this.#listeners.tell(entry)
    return undefined
  }

  resize(id: string, bytes: number): void {
    const entry = this.#entries.get(id)
    if (entry?.state !== 'LOADED' || entry.bytes === bytes) return
    this.#correct(entry, bytes)
    // It alone goes, and not all others before it.
    if (bytes > this.#space.usable && !entry.isPinned) this.#evict(entry, 'pressure')
    else this.#listeners.tell(entry)
    this.#shrink('pressure')
    this.#pump()
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
    this.#listeners.tell(entry)
    if (isPinned) return
    this.#shrink('budget')
    this.#pump()
  }

  async remove(id: string): Promise<void> {
    if (this.#loader.isKnown(id) === false) this.#pins.delete(id)
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    const { state } = entry
    entry.failure = null
    entry.attempt++
    entry.settle(({ reject }) => reject(this.#refusals.removed(id)))
    entry.isUnwanted = true
    entry.loading?.abort(this.#refusals.removed(id))
    if (state === 'LOADED') this.#evict(entry, 'asked')
    else if (state === 'QUEUED' || state === 'FAILED') this.#rest(entry)
    await entry.ended
    this.#pump()
  }

  onChange(listener: (model: CachedModel) => void): () => void {
    return this.#listeners.add(listener)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#copies.close()
    const reason = this.#refusals.stopping()
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

  #create(id: string): CacheEntry {
    const entry = new CacheEntry(id, ++this.#lastNumber, this.#clock.epochMs())
    this.#entries.set(id, entry)
    return entry
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
        this.#giveUp(entry, this.#refusals.unknownModel(id))
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
      copies: this.#copies,
      order: this.#order,
      nowMs: this.#clock.epochMs(),
      leastAgeMs: this.#options.leastAgeMs ?? 0,
      isLoading: this.#loads > 0,
      refusals: this.#refusals,
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
    const { loadTimeoutMs: ms } = this.#options
    const abort = () => controller.abort(this.#refusals.loadTooSlow(id, ms!))
    const stopTimer = ms === undefined ? null : this.#clock.after(ms, abort)
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
      this.#remember(entry, this.#refusals.tooLarge(id, bytes, usable, true))
      this.#rejectFailed(entry)
      entry.ended = this.#unload(entry)
      return
    }
    this.#loaded++
    const isRequested = entry.requestCount > 0
    if (isRequested) entry.lastUsedMs = this.#stamps.next()
    if (!entry.isPinned && !isRequested) this.#order.add(entry)
    this.#enter(entry, 'LOADED')
    this.#shrink('pressure')
    // What was loaded ahead may have been the first to go; what a request waits for goes only if nothing else is left.
    if (!entry.isPinned && isRequested) {
      if (this.#space.missing(0) > 0 && this.#loads === 0) this.#evict(entry, 'pressure')
      else this.#order.add(entry)
    }
    if (entry.state !== 'LOADED') {
      entry.settle(({ reject }) => reject(this.#refusals.tooOld(id, bytes)))
      return
    }
    entry.failure = null
    this.#watchIdle(entry)
    this.#copies.watch(entry)
    entry.settle(({ resolve }) => resolve())
  }

  /** Evicts until what is loaded fits. */
  #shrink(reason: EvictionReason): void {
    this.#copies.spare(this.#space.missing(0), 'idle')
    while (this.#space.missing(0) > 0) {
      const victim = this.#order.first
      if (victim === undefined) return this.#copies.spare(this.#space.missing(0), 'any')
      this.#evict(victim, reason)
    }
  }

  #evict(entry: CacheEntry, reason: EvictionReason): void {
    const ageMs = Math.max(this.#clock.epochMs() - Math.floor(entry.lastUsedMs), 0)
    this.#order.remove(entry)
    this.#copies.forget(entry)
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
    const { unloadTimeoutMs } = this.#options
    try {
      const unloading = this.#loader.unload(id)
      const isFree = await endsWithin(unloading, unloadTimeoutMs, this.#clock)
      this.#space.left(bytes, isFree)
      if (!isFree) {
        this.#unloadFailed(entry, new Error(`it takes longer than ${unloadTimeoutMs} ms`))
        void unloading.then(() => {
          this.#space.found(bytes)
          this.#pump()
        }, ignore)
      }
    } catch (error) {
      this.#space.left(bytes, false)
      this.#unloadFailed(entry, error)
    }
    if (entry.demands.size > 0 && !this.#isClosed) void this.#prepare(entry)
    else this.#rest(entry)
    this.#pump()
  }

  #unloadFailed({ id, bytes }: Pick<CacheEntry, 'id' | 'bytes'>, error: unknown): void {
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
    const error = this.#refusals.hasFailed(entry.id, failure, this.#clock.epochMs())
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
      if (this.#loader.isBusy?.(id) === true) entry.lastUsedMs = this.#stamps.next()
      if (this.#clock.epochMs() - Math.floor(entry.lastUsedMs) >= idleMs) this.#evict(entry, 'idle')
      else this.#watchIdle(entry)
    })
  }

  #enter(entry: CacheEntry, state: CachedState): void {
    entry.state = state
    entry.sinceMs = this.#clock.epochMs()
    this.#listeners.tell(entry)
  }
}

function ignore(): void {}
