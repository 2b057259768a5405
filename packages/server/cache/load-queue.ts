import type { CacheEntry } from './cache-entry.ts'
import { IndexedHeap } from './indexed-heap.ts'

/** Models that wait to be loaded, the next one first. */
export function createLoadQueue(): IndexedHeap<CacheEntry> {
  return new IndexedHeap(isServedBefore)
}

/** Requests overtake what is loaded ahead; else the latest used is first, and then who has come first. */
function isServedBefore(a: CacheEntry, b: CacheEntry): boolean {
  const isRequested = a.requestCount > 0
  if (isRequested !== b.requestCount > 0) return isRequested
  if (isRequested) return a.queuedMs < b.queuedMs || (a.queuedMs === b.queuedMs && a.number < b.number)
  return a.lastUsedMs > b.lastUsedMs || (a.lastUsedMs === b.lastUsedMs && a.number < b.number)
}
