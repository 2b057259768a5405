import type { ServerLogger } from '../base/index.ts'
import type { IndexEntry, LoadFailure, ModelRegistry } from '../lifecycle/index.ts'
import type { MeshModels } from '../repository/index.ts'
import type { ModelCache } from './model-cache.ts'
import type { ModelCatalogue } from './model-catalogue.ts'
import { Refusals } from './refusals.ts'

export interface CachedRegistryOptions {
  readonly registry: ModelRegistry
  readonly cache: ModelCache
  readonly catalogue: ModelCatalogue
  readonly meshModels: Pick<MeshModels, 'infoOf'>
  /** Whether `loadAll` loads what is pinned; else it only learns what there is. */
  readonly loadsPinned: boolean
  readonly log: ServerLogger
}

/**
 * A registry whose models come and go by request: what is loaded and unloaded by hand goes through the cache, and the
 * index shows what could be loaded. What is hosted stays outside of the cache.
 */
export function createCachedRegistry(options: CachedRegistryOptions): ModelRegistry {
  const { registry, cache, catalogue, meshModels, loadsPinned, log } = options
  const knows = (name: string) => catalogue.knows(name) || meshModels.infoOf(name) !== undefined

  const shown = (entry: IndexEntry): IndexEntry => {
    if (entry.state !== 'UNAVAILABLE' || !knows(entry.name)) return entry
    const { state, reason } = cache.modelOf(entry.name)
    if (state === 'QUEUED') return { ...entry, reason: 'waits to be loaded' }
    if (state === 'LOADING') return { ...entry, state: 'LOADING' }
    if (state === 'FAILED') return { ...entry, reason }
    return entry.reason === '' ? { ...entry, reason: ON_DEMAND } : entry
  }

  const loadPinned = async (): Promise<readonly LoadFailure[]> => {
    const { found, broken } = await catalogue.list()
    for (const { path, error } of broken) log.error('a model cannot be loaded on demand', { path, error })
    const pinned = new Set(
      found.filter(({ isPinned }) => isPinned === true && loadsPinned).map(({ name }) => name),
    )
    const failures = await Promise.all(
      Array.from(pinned, async subject => {
        try {
          await cache.ensureLoaded(subject, { isByHand: true })
          return []
        } catch (error) {
          return [{ subject, error }]
        }
      }),
    )
    log.info('models are loaded on demand', { models: catalogue.size, pinned: pinned.size })
    return failures.flat()
  }

  return {
    ready: (name, version) => registry.ready(name, version),
    find: (name, version) => registry.find(name, version),
    lookUp: (name, version) => registry.lookUp(name, version),
    isLoaded: name => registry.isLoaded(name),
    versionsOf: name => registry.versionsOf(name),
    loaded: (name, version) => registry.loaded(name, version),
    isReady: () => registry.isReady(),
    index: async how => (await registry.index(how)).map(shown),
    loadAll: loadPinned,
    async load(name, { signal } = {}) {
      if (meshModels.infoOf(name) === undefined) {
        await catalogue.refresh(name)
        if (!catalogue.knows(name)) throw REFUSALS.unknownModel(name)
      }
      cache.forgetFailure(name)
      await cache.reload(name, signal)
    },
    host: model => registry.host(model),
    async unload(name) {
      const { state } = cache.modelOf(name)
      if (state !== 'NOT_LOADED') await cache.remove(name)
      else if (registry.isLoaded(name)) await registry.unload(name)
      else if (!knows(name)) throw REFUSALS.unknownModel(name)
    },
    forget: name => registry.forget(name),
    onChange: listener => registry.onChange(listener),
    announce: () => registry.announce(),
    async close(graceMs) {
      const closed = cache.close()
      await registry.close(graceMs)
      await closed
    },
  }
}

const REFUSALS = new Refusals()
const ON_DEMAND = 'not loaded; loaded on demand'
