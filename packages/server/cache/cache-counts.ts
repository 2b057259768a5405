import type { CacheEntry } from './cache-entry.ts'
import type { MemorySpace } from './memory-space.ts'
import type { CacheFigures, EvictionReason } from './model-cache.ts'

/** What has happened since the start. */
export class CacheCounts {
  hits = 0
  misses = 0
  loadFailures = 0
  unloadFailures = 0
  readonly evictions: Record<EvictionReason, number> = { pressure: 0, idle: 0, budget: 0, asked: 0 }

  figures(
    space: MemorySpace,
    loadedModels: number,
    waiting: number,
    nextToGo: CacheEntry | undefined,
  ): Omit<CacheFigures, 'copies'> {
    const { hits, misses, loadFailures, unloadFailures, evictions } = this
    return {
      loadedModels,
      budgetBytes: space.budget,
      usedBytes: space.used,
      unloadingBytes: space.leaving,
      lostBytes: space.lost,
      nextToGoUsedMs: nextToGo?.lastUsedMs,
      waiting,
      hits,
      misses,
      loadFailures,
      unloadFailures,
      evictions: { ...evictions },
    }
  }
}
