import type { ModelMemorySettings, ServerLogger } from '../base/index.ts'
import type { ModelRegistry, ModelSizes } from '../lifecycle/index.ts'
import type { ServerMetrics } from '../metrics/index.ts'
import type { MeshModels } from '../repository/index.ts'
import { createCachedRegistry } from './cached-registry.ts'
import { createGarbageCollection } from './collect-garbage.ts'
import { createModelCache } from './create-model-cache.ts'
import type { ModelCache, ModelLoader } from './model-cache.ts'
import type { ModelCatalogue } from './model-catalogue.ts'
import { createRegistryLoader } from './registry-loader.ts'

export interface DemandLoadingOptions {
  readonly settings: ModelMemorySettings
  /** Whether pinned models are loaded when the server starts. */
  readonly loadsPinned: boolean
  readonly registry: ModelRegistry
  readonly catalogue: ModelCatalogue
  readonly meshModels: MeshModels
  readonly sizes: ModelSizes
  readonly metrics: Pick<ServerMetrics, 'exposeModelCache'>
  /** How long models may finish their requests before they are unloaded. */
  readonly drainTimeoutMs: number
  readonly log: ServerLogger
}

/** What asks for models that may not be loaded. */
export interface DemandedModels extends Pick<ModelCache, 'touch' | 'ensureLoaded'> {
  /** Whether there is such a model, loaded or not. */
  knows(name: string): boolean
  /** Has the cache know it if a model was unloaded behind its back. */
  repair(name: string): Promise<void>
}

/** Models that are loaded when somebody asks for them, within a budget of memory. */
export interface DemandLoading {
  readonly cache: ModelCache
  /** In place of the one that was given: it loads, unloads and lists through the cache. */
  readonly registry: ModelRegistry
  readonly demanded: DemandedModels
  /** What follows the changes of a repository: what is loaded is loaded anew, and all else when somebody asks for it. */
  readonly changing: Pick<ModelRegistry, 'load' | 'unload'>
}

/** What a model may take for its own `unload` after it has finished its requests, before its memory counts as lost. */
const UNLOAD_MS = 60_000

export function createDemandLoading(options: DemandLoadingOptions): DemandLoading {
  const { settings, loadsPinned, registry, catalogue, meshModels, metrics, drainTimeoutMs, log } = options
  const observations = metrics.exposeModelCache(() => ({
    ...cache.figures,
    knownModels: catalogue.size + meshModels.size,
    failedModels: cache.models().filter(({ state }) => state === 'FAILED').length,
  }))
  const loader = createRegistryLoader(options)
  const garbage = createGarbageCollection(() => cache.budgetBytes)
  const timed: ModelLoader = {
    ...loader,
    async unload(id) {
      const startedMs = performance.now()
      const { bytes } = cache.modelOf(id)
      await loader.unload(id)
      await garbage.afterUnload(bytes)
      observations.unloaded(performance.now() - startedMs)
    },
  }
  const cache: ModelCache = createModelCache(timed, {
    ...settings,
    unloadTimeoutMs: drainTimeoutMs + UNLOAD_MS,
    observer: {
      evicted(model, reason, ageMs, bytes) {
        observations.evicted(ageMs)
        log.info('unloads a model', {
          model,
          because: reason,
          lastUsedSeconds: Math.round(ageMs / 1000),
          bytes,
        })
      },
      dequeued: waitedMs => observations.dequeued(waitedMs),
      loaded: (_model, durationMs, bytes) => observations.loaded(durationMs, bytes),
      waited: waitedMs => observations.waited(waitedMs),
      copied: (model, copies) => log.info('a model has one more copy', { model, copies }),
      dropped: (model, reason, copies) =>
        log.info('a model has one copy less', { model, because: reason, copies }),
      copyFailed: (model, error) =>
        log.error('a further copy of a model could not be loaded', { model, error }),
      loadFailed: (model, error) => log.error('a model could not be loaded on demand', { model, error }),
      unloadFailed: (model, error, bytes) =>
        log.error('the memory of a model is lost until the server starts anew', { model, bytes, error }),
    },
  })
  return {
    cache,
    registry: createCachedRegistry({ registry, cache, catalogue, meshModels, loadsPinned, log }),
    demanded: {
      touch: id => cache.touch(id),
      ensureLoaded: (id, demand) => cache.ensureLoaded(id, demand),
      knows: name => catalogue.knows(name) || meshModels.infoOf(name) !== undefined,
      async repair(name) {
        if (cache.modelOf(name).state !== 'LOADED' || registry.isLoaded(name)) return
        log.warn('a model was unloaded, and not by the cache; it is loaded anew', { model: name })
        await cache.remove(name)
      },
    },
    changing: {
      async load(name) {
        await catalogue.refresh(name)
        cache.forgetFailure(name)
        if (cache.modelOf(name).state !== 'NOT_LOADED') await cache.reload(name)
      },
      async unload(name) {
        await catalogue.refresh(name)
        await cache.remove(name)
      },
    },
  }
}
