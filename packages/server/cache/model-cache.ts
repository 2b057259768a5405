/** What the cache asks to have models loaded and unloaded; the wiring stands it on the registry. */
export interface ModelLoader {
  /** Whether there is such a model to be loaded: in the repository, or in the register of the mesh. */
  isKnown(id: string): boolean | Promise<boolean>
  /** Bytes that a model will probably take, before it is loaded. */
  predictBytes(id: string): number | Promise<number>
  /** Resolves to the measured bytes when requests can be answered. Rejects with the signal's reason when it is aborted. */
  load(id: string, signal: AbortSignal): Promise<number>
  /** Resolves when running requests have ended and the memory is free. */
  unload(id: string): Promise<void>
}

/** Who wants a model: a request that waits overtakes what is loaded ahead of its use. */
export type LoadPriority = 'request' | 'preload'

export interface LoadDemand {
  /** Default: `request`. */
  readonly priority?: LoadPriority
  /** Gives up waiting; a load that nobody waits for any more goes on if it has begun, and leaves the queue if not. */
  readonly signal?: AbortSignal
  /** When it was last used, in milliseconds of the epoch. Default: now. */
  readonly lastUsedMs?: number
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
  /** A pinned model is never evicted. Pinning does not load. */
  setPinned(id: string, isPinned: boolean): void
  /** Cancels a load that runs, unloads what is loaded, and forgets failures. Resolves when its memory is free. */
  remove(id: string): Promise<void>
  /** Called after each change of a model's state; returns how to stop that. */
  onChange(listener: (model: CachedModel) => void): () => void
  /** Refuses new loads and cancels those that run. The registry unloads. */
  close(): Promise<void>
}
