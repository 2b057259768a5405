import { type Logger, ServingError } from '@millrace/sdk'
import { checkMeshModel, type MeshModelInfo, readMeshModelKey } from './mesh-model-key.ts'
import { type MeshModelOptions, readMeshModel } from './mesh-model-settings.ts'
import type { ModelRepository } from './model-repository.ts'
import type { ModelVersionSettings } from './model-version-settings.ts'
import type { ModelStager } from './sources/model-stager.ts'
import { remoteScheme } from './sources/remote-uri.ts'

export interface MeshModelsOptions extends MeshModelOptions {
  /** What has the models that a mesh knows nothing of. */
  readonly base: ModelRepository
  readonly log: Logger
  /** Aborted when the server stops. */
  readonly signal: AbortSignal
}

/** A repository with models that a mesh adds and removes, beside those of another repository. */
export interface MeshModels extends ModelRepository {
  /**
   * Offers a model under an id, in place of what was there. Nothing is read: whether it can be served shows when it is loaded.
   * @throws ServingError INVALID_ARGUMENT for an id, type, path or key that no model can have
   */
  add(id: string, info: MeshModelInfo): void
  /** False if there was none. What is loaded stays loaded. */
  remove(id: string): boolean
  infoOf(id: string): MeshModelInfo | undefined
  /** How many were added. */
  readonly size: number
  /**
   * What can be told of a model before it is loaded, whether it was added or not. Nothing is downloaded.
   * @throws ServingError as a load would
   */
  preview(
    id: string,
    info: MeshModelInfo,
    signal: AbortSignal,
    options?: PreviewOptions,
  ): Promise<MeshModelPreview>
}

export interface PreviewOptions {
  /** A load follows at once: `find` need not read again what it finds then. Default: it reads. */
  readonly isForLoad?: boolean
}

export interface MeshModelPreview {
  /** In lower case and without its version. */
  readonly format: string | undefined
  /** Bytes on the disk, as far as the key tells. */
  readonly diskSizeBytes: number | undefined
  /** Undefined for a model that is not on this machine. */
  readonly settings: ModelVersionSettings | undefined
}

/** What was read for a load that begins so soon is not read again for it. */
const FRESH_MS = 50
/** Loads that were refused after all leave something behind. */
const MAX_FOR_LOADS = 100

interface ForLoad {
  readonly info: MeshModelInfo
  readonly settings: ModelVersionSettings
  readonly readMs: number
}

/** Finds a mesh's model without a look at any other, and lists them without a look at the disk. */
export function createMeshModels(options: MeshModelsOptions): MeshModels {
  const { base, log, signal: stopping } = options
  const models = new Map<string, MeshModelInfo>()
  const forLoads = new Map<string, ForLoad>()
  const keepRead = (id: string, read: ForLoad) => {
    if (forLoads.size >= MAX_FOR_LOADS) forLoads.delete(forLoads.keys().next().value!)
    forLoads.set(id, read)
  }
  /** Once: what is loaded after that may have changed. */
  const takeRead = (id: string, info: MeshModelInfo): ModelVersionSettings | undefined => {
    const read = forLoads.get(id)
    forLoads.delete(id)
    return read?.info === info && performance.now() - read.readMs < FRESH_MS ? read.settings : undefined
  }
  return {
    add(id, info) {
      checkMeshModel(id, info)
      models.set(id, { type: info.type, path: info.path, key: info.key })
    },
    remove(id) {
      forLoads.delete(id)
      return models.delete(id)
    },
    infoOf: id => models.get(id),
    get size() {
      return models.size
    },
    async preview(id, info, signal, { isForLoad = false } = {}) {
      checkMeshModel(id, info)
      const { format, diskSizeBytes } = readMeshModelKey(id, info)
      let isRemote = false
      const stager: ModelStager = {
        async stage(uri) {
          isRemote ||= remoteScheme(uri) !== undefined
          if (isRemote) throw new ServingError('UNAVAILABLE', 'it is not on this machine')
          return uri
        },
      }
      try {
        const readMs = performance.now()
        const settings = await readMeshModel(id, info, { ...options, stager }, { signal, log })
        if (isForLoad) keepRead(id, { info, settings, readMs })
        return { format, diskSizeBytes, settings }
      } catch (error) {
        if (isRemote) return { format, diskSizeBytes, settings: undefined }
        throw error
      }
    },
    async list() {
      const contents = await base.list()
      if (models.size === 0) return contents
      const isOther = ({ name }: { readonly name: string }) => !models.has(name)
      return {
        found: contents.found.filter(isOther),
        broken: contents.broken.filter(isOther),
        onDemand: [...(contents.onDemand ?? []).filter(name => !models.has(name)), ...models.keys()],
      }
    },
    async find(name, signal) {
      const info = models.get(name)
      if (info === undefined) return base.find(name, signal)
      const read = takeRead(name, info)
      if (read !== undefined) return [read]
      const either = signal === undefined ? stopping : AbortSignal.any([signal, stopping])
      return [await readMeshModel(name, info, options, { signal: either, log })]
    },
  }
}
