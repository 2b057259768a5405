import { hostname } from 'node:os'
import { ServingError } from '@millrace/sdk'
import { reportProtection } from './access/index.ts'
import type { ListenerSecurity, ServerLogger, ServerSettings, Variables } from './base/index.ts'
import type { ModelRuntimeOptions, OpenMesh } from './doors/modelmesh/index.ts'
import type { ServerPhase } from './lifecycle/index.ts'
import { inferenceMethods, type Listening, listenMethods, type ModelRuntimeDoor } from './listeners.ts'
import type { ModelWiring } from './model-wiring.ts'
import { checkMeshModel } from './repository/index.ts'
import type { GrpcMethod, Listener } from './transport/index.ts'

/**
 * A mesh of this one server, loaded only for servers that are one; `null` for all others.
 * @throws ServingError INVALID_ARGUMENT without a budget, or for what its variables say; FAILED_PRECONDITION for a folder of
 * the register that cannot be used
 */
export async function openModelMesh(
  { mesh: settings }: ServerSettings,
  { demand, meshModels, registry }: ModelWiring,
  parts: { readonly environment: Variables; readonly phase: ServerPhase; readonly log: ServerLogger },
): Promise<OpenMesh | null> {
  if (settings === undefined) return null
  if (demand === null) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'model_mesh_enabled is true, which needs model_memory_budget: registered models are loaded within it',
    )
  }
  const { environment, phase, log } = parts
  // What is hosted is none of the cache's; a model that the cache is unloading may be known no more.
  const isServed = (id: string) =>
    demand.demanded.knows(id) || (registry.isLoaded(id) && demand.cache.modelOf(id).state === 'NOT_LOADED')
  const { openMesh } = await import('./doors/modelmesh/index.ts')
  return openMesh({
    settings,
    environment,
    cache: demand.cache,
    models: {
      check: checkMeshModel,
      add: (id, info) => meshModels.add(id, info),
      remove(id) {
        meshModels.remove(id)
        registry.forget(id)
      },
      isTaken: id => meshModels.infoOf(id) === undefined && isServed(id),
      isKnown: isServed,
    },
    location: hostname(),
    stopping: phase.stopping,
    log,
  })
}

/**
 * The interface to a mesh without adapter, loaded only for servers that have one; `null` for all others.
 * @throws ServingError INVALID_ARGUMENT for settings that no mesh would start with
 */
export async function openModelRuntime(
  {
    modelRuntime: settings,
    modelLoadTimeoutMs: loadTimeoutMs,
    serverVersion: version,
    grpcPort,
  }: ServerSettings,
  options: Omit<ModelRuntimeOptions, 'figures'>,
): Promise<ModelRuntimeDoor | null> {
  if (settings === undefined) return null
  const { modelRuntimeMethods, requireSameModel, runtimeFigures } = await import('./doors/modelmesh/index.ts')
  const figures = runtimeFigures(settings, { loadTimeoutMs, version })
  const methods = await modelRuntimeMethods({ ...options, figures })
  const { endpoint } = settings
  const isOnGrpcPort = 'port' in endpoint && endpoint.port === grpcPort && grpcPort !== 0
  return { settings, methods, checked: requireSameModel, isOnGrpcPort }
}

/** ModelMesh neither speaks TLS nor shows keys to its runtimes. */
const UNPROTECTED: ListenerSecurity = {
  tls: undefined,
  apiKeys: undefined,
  jwt: undefined,
  rateLimit: undefined,
}

/**
 * Opens what a mesh without adapter asks for beside the port for gRPC, and says so.
 * @param grpc that port, which may be all that it asks for
 * @param listen takes note of a listener that has to be closed
 */
export async function openRuntimeListeners(
  listening: Listening,
  grpc: Listener,
  listen: (listening: Promise<Listener>) => Promise<Listener>,
): Promise<readonly Listener[]> {
  const { modelRuntime: door, log } = listening
  if (door === null) return []
  const opened: Listener[] = []
  for (const open of runtimeOpenings(listening, door)) opened.push(await listen(open()))
  const port = opened.find(listener => listener.port !== 0)?.port
  if (port !== undefined) {
    reportProtection(door.settings.host, [{ name: 'ModelMesh', port, security: UNPROTECTED }], log)
  }
  const listeners = opened.length === 0 ? [grpc] : opened
  log.info('offers mmesh.ModelRuntime', {
    addresses: listeners.map(({ host, port }) => (port === 0 ? `unix:${host}` : `${host}:${port}`)),
  })
  return listeners
}

/**
 * How to open what a mesh without adapter asks for beside the port for gRPC: the one for its own interface, and a Unix socket for
 * requests, which may be the same.
 */
function runtimeOpenings(listening: Listening, door: ModelRuntimeDoor): readonly (() => Promise<Listener>)[] {
  const { access } = listening
  const { endpoint, dataSocketPath, socketMode: mode, host } = door.settings
  const onSocket = (path: string, methods: ReadonlyMap<string, GrpcMethod>) =>
    // Whoever may open the file needs no TLS; that of a model's clients is the mesh's to check.
    listenMethods(listening, methods, {
      host: path,
      port: 0,
      socket: { path, mode },
      admissionOf: methods === door.methods ? undefined : access?.grpc.admissionOf,
    })
  const socketPath = 'socketPath' in endpoint ? endpoint.socketPath : undefined
  const openings: (() => Promise<Listener>)[] = []
  if ('port' in endpoint && !door.isOnGrpcPort) {
    openings.push(() => listenMethods(listening, door.methods, { host, port: endpoint.port }))
  }
  if (socketPath !== undefined && socketPath !== dataSocketPath) {
    openings.push(() => onSocket(socketPath, door.methods))
  }
  if (dataSocketPath !== undefined) {
    const methods = inferenceMethods(listening)
    const isShared = socketPath === dataSocketPath
    const all = isShared ? new Map([...methods, ...door.methods]) : methods
    openings.push(() => onSocket(dataSocketPath, all))
  }
  return openings
}
