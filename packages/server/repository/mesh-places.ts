import { resolve } from 'node:path'
import type { ServerSettings, Variables } from '../base/index.ts'
import type { MeshModelOptions } from './mesh-model-settings.ts'

/**
 * Where the files and the storages of a mesh's models are: as the settings say, else as the variables of ModelMesh's puller
 * do. Local files may lie nowhere else, because a mesh is told of paths by whoever registers a model.
 * @param root of the server's own repository; a folder, a URI, or `null` for none
 */
export function meshPlaces(
  { meshModelsFolder, meshStorageFolder }: Pick<ServerSettings, 'meshModelsFolder' | 'meshStorageFolder'>,
  root: string | null,
  environment: Variables,
): Pick<MeshModelOptions, 'roots' | 'storage'> {
  const isFolder = root !== null && !/^[a-z][a-z\d+.-]+:\/\//i.test(root)
  const standard = [...(isFolder ? [resolve(root)] : []), resolve(environment['ROOT_MODEL_DIR'] || '/models')]
  return {
    roots: meshModelsFolder === undefined ? standard : [meshModelsFolder],
    storage: {
      configFolder: meshStorageFolder ?? resolve(environment['STORAGE_CONFIG_DIR'] || '/storage-config'),
      claimsFolder: resolve(environment['PVC_MOUNTS_DIR'] || '/pvc_mounts'),
    },
  }
}
