import type { CacheEntry } from './cache-entry.ts'
import type { CachedModel } from './model-cache.ts'

/** Who is told when the state of a model changes. */
export class ChangeListeners {
  readonly #listeners = new Set<(model: CachedModel) => void>()

  /** Returns how to stop it. */
  add(listener: (model: CachedModel) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tell(entry: CacheEntry): void {
    if (this.#listeners.size === 0) return
    const view = entry.view()
    for (const listener of this.#listeners) listener(view)
  }
}
