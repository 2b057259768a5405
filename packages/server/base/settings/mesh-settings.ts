import { resolve } from 'node:path'
import { ServingError } from '@millrace/sdk'
import type { ServerSettingsFields } from './server-settings-schema.ts'

/** How a server is a mesh of its own. */
export interface MeshSettings {
  /** Absolute; undefined: the register is kept in memory. */
  readonly dataFolder: string | undefined
  /** '' for nobody. */
  readonly defaultOwner: string
}

/**
 * Undefined for a server that is none.
 * @throws ServingError INVALID_ARGUMENT for one that stands in another mesh, too
 */
export function toMeshSettings(
  fields: ServerSettingsFields,
  workingDirectory: string,
): MeshSettings | undefined {
  if (!fields.model_mesh_enabled) return undefined
  if (fields.model_runtime_endpoint !== null) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'model_mesh_enabled is true, and model_runtime_endpoint is set: a server is a mesh of its own, or a runtime of another one',
    )
  }
  const folder = fields.model_mesh_data_folder
  return {
    dataFolder: folder === null ? undefined : resolve(workingDirectory, folder),
    defaultOwner: fields.model_mesh_default_owner,
  }
}
