import type { LoadedCopies } from '../workers/index.ts'

/** What a model asks of the cache for itself. */
export interface ModelTraits {
  /** Never evicted. Default: false. */
  readonly isPinned?: boolean | undefined
  /** Models of a lower one are evicted first. Default: 0. */
  readonly priority?: number | undefined
  /** Unloaded when it was not used for so long. Default: the cache's. */
  readonly idleMs?: number | undefined
}

/** Copies of one version of a model, and what each of them takes. */
export interface VersionCopies {
  readonly copies: LoadedCopies
  readonly bytesEach: number
}

/** What the cache asks to have models loaded and unloaded; the wiring stands it on the registry. */
export interface ModelLoader {
  /** Whether there is such a model to be loaded: in the repository, or in the register of the mesh. */
  isKnown(id: string): boolean | Promise<boolean>
  /** Bytes that a model will probably take, before it is loaded. */
  predictBytes(id: string): number | Promise<number>
  /** Read before each load. Default: none. */
  traitsOf?(id: string): ModelTraits | Promise<ModelTraits>
  /** Whether requests are inside; such a model is not idle. Default: false. */
  isBusy?(id: string): boolean
  /** Copies of a loaded model, by version; none of what has always one, or one on every worker. Default: none. */
  copiesOf?(id: string): readonly VersionCopies[]
  /** Resolves to the measured bytes when requests can be answered. Rejects with the signal's reason when it is aborted. */
  load(id: string, signal: AbortSignal): Promise<number>
  /**
   * Resolves when running requests have ended and the memory is free, also that of a load that has failed. Rejects if it
   * will not be.
   */
  unload(id: string): Promise<void>
}

/** Who wants a model: a request that waits overtakes what is loaded ahead of its use. */
export type LoadPriority = 'request' | 'preload'

export interface LoadDemand {
  /** Default: `request`. */
  readonly priority?: LoadPriority
  /** Gives up waiting; a load that nobody waits for any more goes on if it has begun, and leaves the queue if not. */
  readonly signal?: AbortSignal
  /** When it was last used, in milliseconds of the epoch. Default: now, and an hour ago for `preload`. */
  readonly lastUsedMs?: number
  /** An operator asks: it is tried although it has failed lately, and rejects with what the load threw. Default: false. */
  readonly isByHand?: boolean
}

export type CachedState = 'NOT_LOADED' | 'QUEUED' | 'LOADING' | 'LOADED' | 'UNLOADING' | 'FAILED'

export interface CachedModel {
  readonly id: string
  readonly state: CachedState
  /** What it takes of the budget; measured when it is loaded, predicted before. */
  readonly bytes: number
  /** Milliseconds of the epoch. */
  readonly lastUsedMs: number
  /** When it came into its state. */
  readonly sinceMs: number
  readonly isPinned: boolean
  /** Why the latest load failed; '' if it did not. */
  readonly reason: string
}

/** Why a model was unloaded: others needed its place, it was idle, the budget was lowered, or somebody asked. */
export type EvictionReason = 'pressure' | 'idle' | 'budget' | 'asked'

export interface CacheFigures {
  readonly loadedModels: number
  /** Of loaded models, on all workers; as many as models if each has one. */
  readonly copies: number
  readonly budgetBytes: number
  /** What is loaded, being loaded, and not yet free again. */
  readonly usedBytes: number
  /** Still taken by models that are being unloaded. */
  readonly unloadingBytes: number
  /** Not given back by models whose unload has failed; the budget is so much smaller. */
  readonly lostBytes: number
  /** When the model was last used that goes next; undefined if none can go. */
  readonly nextToGoUsedMs: number | undefined
  /** Who waits for models. */
  readonly waiting: number
  readonly hits: number
  readonly misses: number
  readonly loadFailures: number
  readonly unloadFailures: number
  readonly evictions: Readonly<Record<EvictionReason, number>>
}

/** Keeps more models than fit into memory: loads those that are asked for, and unloads those that were not for longest. */
export interface ModelCache {
  /** What all loaded models may take together, in bytes. */
  readonly budgetBytes: number
  /** A lower one evicts until what is loaded fits. */
  setBudget(bytes: number): void
  /** Notes that a loaded model is being used. On the path of every request: no allocation, no clock beyond one read. */
  touch(id: string): void
  /**
   * Resolves when the model can answer; at once if it can already.
   * @throws ServingError NOT_FOUND for an unknown model; RESOURCE_EXHAUSTED when too many loads wait, or nothing can be
   * evicted for it; UNAVAILABLE (with `retryAfterMs`) while a failed load is remembered; DEADLINE_EXCEEDED or CANCELLED
   * with its signal
   */
  ensureLoaded(id: string, demand?: LoadDemand): Promise<void>
  /** Always an answer; NOT_LOADED for what the cache has never heard of. */
  modelOf(id: string): CachedModel
  /** Those that are loaded, on their way, or failed lately. */
  models(): readonly CachedModel[]
  /**
   * Loads a loaded model anew, in place; another one as `ensureLoaded` by hand. The new one stands beside the old while it
   * loads, for which no room is kept.
   * @throws what its load threw; the old one then goes on serving
   */
  reload(id: string, signal?: AbortSignal): Promise<void>
  /**
   * A loaded model takes so much now: others go if that is more than there is room for, and it alone if it is more than
   * there is at all. What is not loaded is left alone.
   */
  resize(id: string, bytes: number): void
  /** Forgets that a model could not be loaded: it may have been mended. */
  forgetFailure(id: string): void
  /** A pinned model is never evicted. Pinning does not load. */
  setPinned(id: string, isPinned: boolean): void
  /** Cancels a load that runs, unloads what is loaded, and forgets failures. Resolves when its memory is free. */
  remove(id: string): Promise<void>
  /** Called after each change of a model's state; returns how to stop that. */
  onChange(listener: (model: CachedModel) => void): () => void
  /** Of this moment; counts are since the start. */
  readonly figures: CacheFigures
  /** Refuses new loads and cancels those that run. The registry unloads. */
  close(): Promise<void>
}
