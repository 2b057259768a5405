import type { LoadedCopies } from '../workers/index.ts'
import type { CacheEntry } from './cache-entry.ts'
import { CopyUse } from './copy-use.ts'
import type { EvictionOrder } from './eviction-order.ts'
import type { MemorySpace } from './memory-space.ts'
import type { ModelLoader } from './model-cache.ts'
import type { ModelCacheOptions } from './model-cache-options.ts'

/** The cache whose models have copies. */
export interface WarmCopiesParts extends Pick<ModelCacheOptions, 'clock' | 'observer' | 'copyRate'> {
  readonly loader: Pick<ModelLoader, 'copiesOf'>
  readonly space: MemorySpace
  readonly order: EvictionOrder
  readonly clock: NonNullable<ModelCacheOptions['clock']>
  /** Whether models wait for room; copies then have none. */
  readonly isCrowded: () => boolean
  readonly evict: (entry: CacheEntry) => void
  /** What a model takes has changed. */
  readonly resized: (entry: CacheEntry) => void
  /** There may be more room now. */
  readonly freed: () => void
  /** The memory of a copy is lost. */
  readonly unloadFailed: (copy: Pick<CacheEntry, 'id' | 'bytes'>, error: unknown) => void
}

/** How often it is looked whether models need copies. */
const LOOK_MS = 10_000
/** After a copy has failed to load. */
const RETRY_MS = 300_000
/** What was not used for so long goes for a copy of another. */
const STALE_MS = 3_600_000
/** Copies by pattern of use leave so much of the memory to models that come. */
const PATTERN_SHARE = 0.9

/** One version of a model. */
interface Warm {
  readonly entry: CacheEntry
  readonly copies: LoadedCopies
  readonly bytesEach: number
  readonly use: CopyUse
  /** Aborted when the model goes. */
  readonly life: AbortController
  isAdding: boolean
  notBeforeMs: number
}

/**
 * Gives loaded models further copies while they are asked more than one can answer, and takes these away again: where
 * their memory is needed before any model goes, or when nothing has needed them for the model's idle time.
 */
export class WarmCopies {
  readonly #parts: WarmCopiesParts
  readonly #models = new Map<CacheEntry, readonly Warm[]>()
  /** Those that have more than one copy. */
  readonly #many = new Set<Warm>()
  #stopTimer: (() => void) | null = null
  #isAdding = false

  constructor(parts: WarmCopiesParts) {
    this.#parts = parts
  }

  /** Copies beyond the first of each model. */
  get extraCount(): number {
    let total = 0
    for (const { copies } of this.#many) total += copies.count - 1
    return total
  }

  /** A model has been loaded, also anew in place of what it was. */
  watch(entry: CacheEntry): void {
    this.forget(entry)
    const { loader, clock, copyRate } = this.#parts
    if (loader.copiesOf === undefined || copyRate === undefined) return
    const warm = loader.copiesOf(entry.id).flatMap(({ copies, bytesEach }): readonly Warm[] => {
      if (copies.most < 2) return []
      const use = new CopyUse(copies, copyRate, clock.epochMs())
      const life = new AbortController()
      return [{ entry, copies, bytesEach, use, life, isAdding: false, notBeforeMs: 0 }]
    })
    if (warm.length === 0) return
    this.#models.set(entry, warm)
    this.#stopTimer ??= clock.after(LOOK_MS, () => this.#look())
  }

  /** A model goes, with all its copies. */
  forget(entry: CacheEntry): void {
    for (const warm of this.#models.get(entry) ?? []) {
      warm.life.abort(new Error('the model is unloaded'))
      this.#many.delete(warm)
    }
    this.#models.delete(entry)
  }

  /** What would be free without them. */
  get extraBytes(): number {
    let total = 0
    for (const { copies, bytesEach, isAdding } of this.#many)
      if (!isAdding) total += (copies.count - 1) * bytesEach
    return total
  }

  /** Has copies go for that many bytes: those that are not needed, or any; the least recently used models' first. */
  spare(bytes: number, which: 'idle' | 'any'): void {
    if (bytes <= 0 || this.#many.size === 0) return
    let missing = bytes
    for (const warm of [...this.#many].toSorted((a, b) => a.entry.lastUsedMs - b.entry.lastUsedMs)) {
      while (missing > 0 && this.#mayGo(warm, which)) {
        this.#drop(warm, 'pressure')
        missing -= warm.bytesEach
      }
    }
  }

  close(): void {
    this.#stopTimer?.()
    for (const entry of this.#models.keys()) this.forget(entry)
  }

  #mayGo(warm: Warm, which: 'idle' | 'any'): boolean {
    return this.#many.has(warm) && !warm.isAdding && (which === 'any' || !warm.use.needsAll())
  }

  #look(): void {
    const { clock } = this.#parts
    const nowMs = clock.epochMs()
    const wanting: Warm[] = []
    for (const warm of [...this.#models.values()].flat()) {
      const { use, copies, entry } = warm
      use.look(nowMs)
      if (warm.isAdding) continue
      const isFree = copies.canAdd && nowMs >= warm.notBeforeMs
      if (isFree && (use.wantsMore || use.wantsSecond)) wanting.push(warm)
      else if (copies.count > 1 && entry.idleMs !== undefined && nowMs - use.neededMs >= entry.idleMs)
        this.#drop(warm, 'idle')
    }
    // Whoever is asked most comes first, and whoever is only asked again and again last.
    void this.#addAll(wanting.toSorted((a, b) => b.use.strain - a.use.strain))
    this.#stopTimer = this.#models.size === 0 ? null : clock.after(LOOK_MS, () => this.#look())
  }

  /** One after another: requests are answered meanwhile. What is left of it then, the next look finds again. */
  async #addAll(wanting: readonly Warm[]): Promise<void> {
    if (this.#isAdding) return
    this.#isAdding = true
    for (const warm of wanting) {
      if (!warm.life.signal.aborted && this.#hasRoom(warm)) await this.#add(warm)
    }
    this.#isAdding = false
  }

  /** One copy: the next looks will see whether that is enough. */
  async #add(warm: Warm): Promise<void> {
    const { entry, copies, bytesEach, life, use } = warm
    const { clock, observer, resized, freed } = this.#parts
    warm.isAdding = true
    this.#take(warm, bytesEach)
    try {
      await copies.add(life.signal)
      if (life.signal.aborted) return
      this.#many.add(warm)
      use.added(clock.epochMs())
      observer?.copied?.(entry.id, copies.count)
      resized(entry)
    } catch (error) {
      // A model that has gone has taken all with it.
      if (life.signal.aborted) return
      this.#take(warm, -bytesEach)
      warm.notBeforeMs = clock.epochMs() + RETRY_MS
      observer?.copyFailed?.(entry.id, error)
      freed()
    } finally {
      warm.isAdding = false
    }
  }

  /** Room is made by what nobody needs; the copy comes when that has gone. */
  #hasRoom({ entry, bytesEach, use }: Warm): boolean {
    const { space, isCrowded } = this.#parts
    if (isCrowded()) return false
    if (!use.wantsMore) return space.hasRoom(bytesEach + space.usable * (1 - PATTERN_SHARE))
    if (space.hasRoom(bytesEach)) return true
    this.spare(space.missing(bytesEach), 'idle')
    this.#evictStale(space.missing(bytesEach), entry.priority)
    return false
  }

  /** So many bytes of models that nobody has used for long; none if that is not enough. */
  #evictStale(bytes: number, highestPriority: number): void {
    const { order, clock, evict } = this.#parts
    const stale: CacheEntry[] = []
    let missing = bytes
    while (missing > 0) {
      const { first } = order
      if (first === undefined || first.priority > highestPriority) break
      if (clock.epochMs() - first.lastUsedMs < STALE_MS) break
      order.remove(first)
      stale.push(first)
      missing -= first.bytes
    }
    // They were taken out to see who is next.
    for (const entry of stale) order.add(entry)
    if (missing <= 0) for (const entry of stale) evict(entry)
  }

  #drop(warm: Warm, reason: 'pressure' | 'idle'): void {
    const { entry, copies, bytesEach } = warm
    const { space, observer, resized, freed, unloadFailed } = this.#parts
    entry.bytes -= bytesEach
    space.leave(bytesEach)
    const dropping = copies.drop()
    if (copies.count < 2) this.#many.delete(warm)
    observer?.dropped?.(entry.id, reason, copies.count)
    resized(entry)
    const left = (isFree: boolean) => {
      space.left(bytesEach, isFree)
      freed()
    }
    dropping.then(
      () => left(true),
      (error: unknown) => {
        left(false)
        unloadFailed({ id: entry.id, bytes: bytesEach }, error)
      },
    )
  }

  #take({ entry }: Warm, bytes: number): void {
    entry.bytes += bytes
    this.#parts.space.take(bytes)
  }
}
