import type { CachedModel, CachedState, CacheFigures, LoadDemand, ModelCache } from './model-cache.ts'

/** A cache whose loads a test decides: each one waits until it is told how it ends. */
export class StagedCache implements ModelCache {
  readonly #states = new Map<string, { state: CachedState; reason: string; lastUsedMs: number }>()
  readonly #loads = new Map<string, PromiseWithResolvers<void>>()
  readonly #listeners = new Set<(model: CachedModel) => void>()
  /** Every load that was asked for, in order. */
  readonly demands: { readonly id: string; readonly demand: LoadDemand | undefined }[] = []
  readonly removed: string[] = []
  budgetBytes = 100

  get figures(): CacheFigures {
    throw new Error('nobody asks')
  }

  setBudget(bytes: number): void {
    this.budgetBytes = bytes
  }

  touch(): void {}

  async ensureLoaded(id: string, demand?: LoadDemand): Promise<void> {
    this.demands.push({ id, demand })
    if (this.modelOf(id).state === 'LOADED') return
    const load = this.#loads.get(id) ?? Promise.withResolvers<void>()
    this.#loads.set(id, load)
    this.set(id, 'LOADING')
    const { signal } = demand ?? {}
    const aborted = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason as Error))
    })
    await Promise.race([load.promise, aborted])
  }

  async reload(id: string): Promise<void> {
    await this.ensureLoaded(id)
  }

  forgetFailure(): void {}

  resize(): void {}

  /** Ends the load that runs. */
  finish(id: string, error?: Error): void {
    const load = this.#loads.get(id)
    this.#loads.delete(id)
    if (error === undefined) load?.resolve()
    else load?.reject(error)
    this.set(id, error === undefined ? 'LOADED' : 'FAILED', error?.message)
  }

  set(id: string, state: CachedState, reason = '', lastUsedMs = 0): void {
    this.#states.set(id, { state, reason, lastUsedMs })
    for (const listener of this.#listeners) listener(this.modelOf(id))
  }

  modelOf(id: string): CachedModel {
    const { state, reason, lastUsedMs } = this.#states.get(id) ?? {
      state: 'NOT_LOADED',
      reason: '',
      lastUsedMs: 0,
    }
    return { id, state, reason, bytes: 1, lastUsedMs, sinceMs: 0, isPinned: false }
  }

  models(): readonly CachedModel[] {
    return Array.from(this.#states.keys(), id => this.modelOf(id))
  }

  setPinned(): void {}

  remove(id: string): Promise<void> {
    this.removed.push(id)
    this.set(id, 'NOT_LOADED')
    return Promise.resolve()
  }

  onChange(listener: (model: CachedModel) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
