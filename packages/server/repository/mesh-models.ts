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
  /**
   * What can be told of a model before it is loaded, whether it was added or not. Nothing is downloaded.
   * @throws ServingError as a load would
   */
  preview(id: string, info: MeshModelInfo, signal: AbortSignal): Promise<MeshModelPreview>
}

export interface MeshModelPreview {
  /** In lower case and without its version. */
  readonly format: string | undefined
  /** Bytes on the disk, as far as the key tells. */
  readonly diskSizeBytes: number | undefined
  /** Undefined for a model that is not on this machine. */
  readonly settings: ModelVersionSettings | undefined
}

/** Finds a mesh's model without a look at any other, and lists them without a look at the disk. */
export function createMeshModels(options: MeshModelsOptions): MeshModels {
  const { base, log, signal: stopping } = options
  const models = new Map<string, MeshModelInfo>()
  return {
    add(id, info) {
      checkMeshModel(id, info)
      models.set(id, { type: info.type, path: info.path, key: info.key })
    },
    remove: id => models.delete(id),
    infoOf: id => models.get(id),
    async preview(id, info, signal) {
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
        const settings = await readMeshModel(id, info, { ...options, stager }, { signal, log })
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
      const either = signal === undefined ? stopping : AbortSignal.any([signal, stopping])
      return [await readMeshModel(name, info, options, { signal: either, log })]
    },
  }
}
