import type { LoadedCopies } from '../workers/index.ts'
import { createModelCache } from './create-model-cache.ts'
import { FakeCacheClock } from './fake-cache-clock-fixture.ts'
import type { EvictionReason, ModelCache, ModelLoader, ModelTraits } from './model-cache.ts'
import type { ModelCacheOptions } from './model-cache-options.ts'

/** What a model of {@link createCacheBed} is like. */
export interface BedModel extends ModelTraits {
  /** What it takes. Default: 10. */
  readonly bytes?: number
  /** What it is thought to take. Default: what it takes. */
  readonly predicted?: number
  /** Each of which takes as much. Default: it has always one. */
  readonly copies?: LoadedCopies
}

/** A load or unload that waits for the test to end it. */
export interface Step {
  readonly id: string
  readonly signal: AbortSignal | undefined
  end(): void
  fail(error: unknown): void
}

export interface CacheBed {
  readonly cache: ModelCache
  readonly clock: FakeCacheClock
  /** Each load, unload and eviction by `load a`, `unload a`, `evict a pressure`. */
  readonly log: string[]
  readonly evicted: { readonly id: string; readonly reason: EvictionReason; readonly ageMs: number }[]
  /** Holds loads or unloads until they are ended one by one. */
  readonly hold: (kind: 'load' | 'unload') => void
  /** The held steps that have not ended. */
  readonly held: Step[]
  readonly models: Map<string, BedModel>
  readonly busy: Set<string>
  /** What is loaded, in no order. */
  readonly loaded: () => string[]
}

/** A cache over models that are only figures, with a clock that moves when it is told to. */
export function createCacheBed(
  models: Readonly<Record<string, BedModel>>,
  options: Partial<ModelCacheOptions> = {},
): CacheBed {
  const clock = new FakeCacheClock()
  const known = new Map(Object.entries(models))
  const log: string[] = []
  const evicted: CacheBed['evicted'] = []
  const holds = new Set<'load' | 'unload'>()
  const held: Step[] = []
  const busy = new Set<string>()
  const step = async (kind: 'load' | 'unload', id: string, signal?: AbortSignal): Promise<void> => {
    log.push(`${kind} ${id}`)
    if (!holds.has(kind)) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const forget = (): void => void held.splice(held.indexOf(held.find(other => other.id === id)!), 1)
    held.push({
      id,
      signal,
      end() {
        forget()
        resolve()
      },
      fail(error) {
        forget()
        reject(error)
      },
    })
    signal?.addEventListener('abort', () => reject(signal.reason))
    await promise
  }
  const loader: ModelLoader = {
    isKnown: id => known.has(id),
    predictBytes: id => known.get(id)?.predicted ?? known.get(id)?.bytes ?? 10,
    traitsOf: id => known.get(id) ?? {},
    isBusy: id => busy.has(id),
    copiesOf(id) {
      const { copies, bytes: bytesEach = 10 } = known.get(id) ?? {}
      return copies === undefined ? [] : [{ copies, bytesEach }]
    },
    async load(id, signal) {
      await step('load', id, signal)
      return known.get(id)?.bytes ?? 10
    },
    unload: id => step('unload', id),
  }
  const cache = createModelCache(loader, {
    budgetBytes: 30,
    maxLoads: 1,
    maxWaiting: 100,
    unloadTimeoutMs: 60_000,
    firstRetryMs: 1000,
    longestRetryMs: 8000,
    failureExpiryMs: 900_000,
    clock,
    ...options,
    observer: {
      copied: (id, copies) => void log.push(`copy ${id} ${copies}`),
      dropped: (id, reason, copies) => void log.push(`drop ${id} ${reason} ${copies}`),
      copyFailed: id => void log.push(`fail ${id}`),
      unloadFailed: (id, _error, bytes) => void log.push(`lose ${id} ${bytes}`),
      evicted(id, reason, ageMs) {
        evicted.push({ id, reason, ageMs })
        log.push(`evict ${id} ${reason}`)
      },
    },
  })
  return {
    cache,
    clock,
    log,
    evicted,
    hold: kind => void holds.add(kind),
    held,
    models: known,
    busy,
    loaded: () =>
      cache
        .models()
        .filter(({ state }) => state === 'LOADED')
        .map(({ id }) => id)
        .toSorted(),
  }
}
