import type { CacheEntry } from './cache-entry.ts'
import { IndexedHeap } from './indexed-heap.ts'

/**
 * Loaded models in the order in which they go: lower priority first, then what was not used for longest. Being used only
 * writes a time into the entry; where it stands is mended when it comes up to go, so that a request pays nothing for it.
 */
export class EvictionOrder {
  readonly #heap = new IndexedHeap<CacheEntry>(goesBefore)

  add(entry: CacheEntry): void {
    entry.orderMs = entry.lastUsedMs
    this.#heap.add(entry)
  }

  remove(entry: CacheEntry): void {
    this.#heap.remove(entry)
  }

  /** The model that goes next. */
  get first(): CacheEntry | undefined {
    for (;;) {
      const entry = this.#heap.first
      // Times only grow: who stands first by its true time is before all whose noted time is later.
      if (entry === undefined || entry.orderMs === entry.lastUsedMs) return entry
      entry.orderMs = entry.lastUsedMs
      this.#heap.moved(entry)
    }
  }
}

function goesBefore(a: CacheEntry, b: CacheEntry): boolean {
  if (a.priority !== b.priority) return a.priority < b.priority
  return a.orderMs < b.orderMs || (a.orderMs === b.orderMs && a.number < b.number)
}
