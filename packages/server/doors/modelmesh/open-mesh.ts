import type { DescService } from '@bufbuild/protobuf'
import { loadModelMesh } from '@millrace/sdk/protocol'
import type { MeshSettings, ServerLogger, Variables } from '../../base/index.ts'
import {
  createModelMesh,
  type MeshModels,
  type ModelCache,
  readStaticRegistrations,
  registerStatically,
} from '../../cache/index.ts'
import type { MeshNames } from '../../dataplane/index.ts'
import type { GrpcMethod, HttpRoute } from '../../transport/index.ts'
import { readMeshEnvironment, unreadVariables } from './mesh-environment.ts'
import { meshMethods } from './mesh-methods.ts'
import { modelMeshRoutes } from './mesh-routes.ts'
import { modelMeshMethods } from './model-mesh.ts'
import { createPayloadProcessors } from './payload-processors.ts'

export interface OpenMeshOptions {
  readonly settings: MeshSettings
  /** Holds what ModelMesh's own variables say (`MM_…`). */
  readonly environment: Variables
  readonly cache: ModelCache
  readonly models: MeshModels
  /** What copies of models are said to be at: the name of this host. */
  readonly location: string
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal
  readonly log: ServerLogger
}

/** A mesh with what its server's listeners and data plane need of it. */
export interface OpenMesh {
  readonly names: MeshNames
  /** For reflection. */
  readonly service: DescService
  /** `mmesh.ModelMesh`. */
  readonly methods: ReadonlyMap<string, GrpcMethod>
  readonly routes: readonly HttpRoute[]
  /** The methods of a listener as a mesh offers them. */
  readonly offered: (methods: ReadonlyMap<string, GrpcMethod>) => ReadonlyMap<string, GrpcMethod>
  /** Loads what has to be loaded before the server is ready; the failures. */
  loadAtStart(): Promise<readonly { readonly subject: string; readonly error: unknown }[]>
  /** Ends transitions, and waits for what is being written. */
  close(): Promise<void>
}

/**
 * Opens the mesh that the settings and ModelMesh's variables describe, and registers what they list.
 * @throws ServingError INVALID_ARGUMENT naming the variable, FAILED_PRECONDITION for a folder that cannot be used
 */
export async function openMesh(options: OpenMeshOptions): Promise<OpenMesh> {
  const { settings, cache, models, location, stopping, log } = options
  const { environment } = options
  const variables = await readMeshEnvironment(environment)
  const unread = unreadVariables(environment)
  if (unread.length > 0) log.warn('variables of ModelMesh have no effect on a mesh of one server', { unread })
  if (environment['MM_DATAPLANE_CONFIG_PATH']) {
    log.info('the data-plane configuration is read once: changes of its file count after a restart')
  }
  const { registrations: listed } = variables
  const registrations = listed === undefined ? [] : readStaticRegistrations(listed.text, listed.subject)
  const mesh = await createModelMesh({
    cache,
    models,
    folder: settings.dataFolder,
    setting: 'model_mesh_data_folder',
    location,
    defaultOwner: settings.defaultOwner === '' ? variables.defaultOwner : settings.defaultOwner,
    log,
  })
  const payloads =
    variables.payloadTargets.length === 0
      ? null
      : createPayloadProcessors({
          targets: variables.payloadTargets,
          capacity: variables.payloadCapacity,
          parallelism: variables.payloadParallelism,
          log,
        })
  const close = async () => {
    payloads?.close()
    await mesh.close()
  }
  try {
    await registerStatically(mesh, registrations, stopping)
    const { modelMesh } = await loadModelMesh()
    return {
      names: mesh,
      service: modelMesh.ModelMesh,
      methods: await modelMeshMethods(mesh),
      routes: modelMeshRoutes(mesh, cache),
      offered: methods =>
        meshMethods(methods, {
          mesh,
          config: variables.config,
          parallelism: variables.parallelism,
          onPayload: payloads?.hook ?? null,
        }),
      async loadAtStart() {
        const failures = registrations.map(async ({ modelId: subject, isLoadedAtStart }) => {
          try {
            if (isLoadedAtStart) await cache.ensureLoaded(subject, { priority: 'preload', signal: stopping })
            return []
          } catch (error) {
            return [{ subject, error }]
          }
        })
        return (await Promise.all(failures)).flat()
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
