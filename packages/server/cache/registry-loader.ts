import { type Logger, ServingError } from '@millrace/sdk'
import type { ModelRegistry, ModelSizes } from '../lifecycle/index.ts'
import type { MeshModels, ModelVersionSettings } from '../repository/index.ts'
import type { ModelLoader } from './model-cache.ts'
import type { ModelCatalogue } from './model-catalogue.ts'

export interface RegistryLoaderOptions {
  readonly registry: Pick<ModelRegistry, 'load' | 'unload' | 'loaded' | 'isLoaded'>
  readonly catalogue: ModelCatalogue
  /** Models that are registered while the server runs. */
  readonly meshModels: Pick<MeshModels, 'infoOf' | 'preview'>
  readonly sizes: Pick<ModelSizes, 'predict'>
  readonly log: Logger
}

/** Loads and unloads models of a registry, all versions of a name together. */
export function createRegistryLoader(options: RegistryLoaderOptions): ModelLoader {
  const { registry, catalogue, meshModels, sizes, log } = options

  const describing = new Map<string, ReturnType<typeof look>>()
  /** What is known of a model before its load; nothing for one that has to be downloaded first. */
  const look = async (id: string) => {
    const info = meshModels.infoOf(id)
    if (info === undefined) return { versions: await catalogue.find(id), diskSizeBytes: undefined }
    const { settings, diskSizeBytes } = await meshModels.preview(id, info, AbortSignal.timeout(PREVIEW_MS), {
      isForLoad: true,
    })
    return { versions: settings === undefined ? [] : [settings], diskSizeBytes }
  }
  /** Whoever asks side by side has one look. */
  const describe = (id: string) => {
    let looking = describing.get(id)
    if (looking === undefined) {
      looking = look(id).finally(() => describing.delete(id))
      describing.set(id, looking)
    }
    return looking
  }
  const instancesOf = (id: string) =>
    registry.isLoaded(id) ? registry.loaded(id, undefined).flatMap(({ instance }) => instance ?? []) : []
  const unload = async (id: string) => {
    // Draining has an end, and what it leaves behind still takes memory.
    const gone = instancesOf(id).map(instance => instance.gone)
    try {
      await registry.unload(id)
    } catch (error) {
      // Whoever unloaded it before has what was wanted.
      if (!ServingError.is(error) || error.code !== 'NOT_FOUND') throw error
    }
    await Promise.all(gone)
  }

  return {
    isKnown: id => catalogue.knows(id) || meshModels.infoOf(id) !== undefined,
    async predictBytes(id) {
      const { versions, diskSizeBytes } = await describe(id)
      if (versions.length === 0) return Math.max(Math.ceil((diskSizeBytes ?? 0) * MEMORY_RATIO), LEAST_BYTES)
      const bytes = await Promise.all(versions.map(settings => sizes.predict(settings)))
      return sum(bytes)
    },
    async traitsOf(id) {
      const { versions } = await describe(id)
      return {
        isPinned: versions.some(({ isPinned }) => isPinned === true),
        priority: versions.length === 0 ? 0 : Math.max(...versions.map(priorityOf)),
        idleMs: longestIdleMs(versions),
      }
    },
    isBusy: id => instancesOf(id).some(({ activeCount }) => activeCount > 0),
    copiesOf: id =>
      instancesOf(id).flatMap(({ copies, memory }) =>
        copies === null ? [] : [{ copies, bytesEach: memory.bytes }],
      ),
    async load(id, signal) {
      const wasLoaded = registry.isLoaded(id)
      try {
        await registry.load(id, { signal })
      } catch (error) {
        const versions = instancesOf(id).length
        // One broken version does not take the others away from those who ask for them.
        if (wasLoaded || signal.aborted || versions === 0) throw error
        log.warn('not every version could be loaded', { model: id, loaded: versions })
      }
      return sum(instancesOf(id).map(({ memory, copies }) => memory.bytes * (copies?.count ?? 1)))
    },
    unload,
  }
}

/** For a model that is not on this machine, whose runtime has shown nothing yet. */
const MEMORY_RATIO = 1.25
const LEAST_BYTES = 64 * 1024
/** A preview looks at local files alone. */
const PREVIEW_MS = 10_000

function priorityOf({ memoryPriority = 0 }: ModelVersionSettings): number {
  return memoryPriority
}

/** Undefined if no version says anything. */
function longestIdleMs(versions: readonly ModelVersionSettings[]): number | undefined {
  const said = versions.flatMap(({ memoryIdleMs }) => memoryIdleMs ?? [])
  return said.length === 0 ? undefined : Math.max(...said)
}

function sum(bytes: readonly number[]): number {
  return bytes.reduce((total, each) => total + each, 0)
}
