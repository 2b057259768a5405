import { type Logger, ServingError } from '@millrace/sdk'
import type { FastifyInstance } from 'fastify'
import type { DeployDriver } from '../deploy/index.ts'
import type { Store } from '../store/index.ts'
import { BUILD_DEFAULTS, type BuildOptions } from './builds/build-options.ts'
import { createBuilds } from './builds/create-builds.ts'
import type { ManagerDiscovery } from './discovery.ts'
import { createEventBus } from './events/event-bus.ts'
import { managerMethods } from './grpc/manager-methods.ts'
import type { ManagerMethod } from './grpc-method.ts'
import { type BuildInfo, buildInfoRoutes } from './http/build-info-routes.ts'
import { createHttpApp } from './http/create-http-app.ts'
import { documentRoutes } from './http/document-routes.ts'
import { managerTakes } from './http/manager-paths.ts'
import { unsupportedRoutes } from './http/unsupported-routes.ts'
import type { AddRoutes, ManagerParts } from './manager-parts.ts'
import { createModelFolders } from './models/model-folders.ts'
import { buildLogRoute } from './routes/build-log-route.ts'
import { externalModelRoutes } from './routes/external-model-routes.ts'
import { modelRoutes } from './routes/model-routes.ts'
import { modelV1Routes } from './routes/model-v1-routes.ts'
import { runtimeV1Routes } from './routes/runtime-v1-routes.ts'
import { uploadRoute } from './routes/upload-route.ts'
import { createRegistrations } from './runtimes/create-registrations.ts'
import type { ResolveRuntime } from './runtimes/resolved-runtime.ts'
import { createRuntimeCatalogue } from './runtimes/runtime-catalogue.ts'
import { createServing, type ServingOptions } from './serving.ts'
import { servingRoutes } from './serving-routes.ts'

export interface ManagerOptions {
  /** Stays the caller's: it is closed after the manager. */
  readonly store: Store
  /** Stays the caller's. */
  readonly driver: DeployDriver
  /** Of the manager alone; made if it is not there. */
  readonly dataFolder: string
  readonly log: Logger
  /** Shown by `/api/buildinfo` and in the OpenAPI document. */
  readonly buildInfo: BuildInfo
  /** Default: the machine's clock. */
  readonly now?: (() => Date) | undefined
  /** Default: the built-in names and what was registered. */
  readonly resolveRuntime?: ResolveRuntime | undefined
  /** What differs from {@link BUILD_DEFAULTS}. */
  readonly build?: Partial<BuildOptions> | undefined
  /** How servables are named and ended. */
  readonly serving?: ServingOptions | undefined
  /** Adds the routes of other parts, with what they need of their own; the manager hands on what is below `/monitoring/` and `/stat/`. */
  readonly moreRoutes?: ((app: FastifyInstance) => void | Promise<void>) | undefined
}

/** The control plane: models, servables, applications, and the interfaces to them. */
export interface Manager {
  readonly http: {
    /** Whether the manager answers this path, given without the query. */
    takes(path: string): boolean
    /** Answers a request. */
    readonly handle: FastifyInstance['routing']
  }
  /** gRPC methods by their full paths. */
  readonly methods: ReadonlyMap<string, ManagerMethod>
  readonly discovery: ManagerDiscovery
  /** Ends streams and builds. Idempotent. */
  close(): Promise<void>
}

/** Payloads of refused uploads are kept this long, for those that are under way elsewhere. */
const UNUSED_KEPT_MS = 60 * 60_000

const ROUTES: readonly AddRoutes[] = [
  uploadRoute,
  modelRoutes,
  buildLogRoute,
  externalModelRoutes,
  runtimeV1Routes,
  modelV1Routes,
]

/**
 * Starts the manager: what an earlier life left half made is cleaned up first.
 *
 * Rejects when the store cannot be read, or the data folder not be written.
 */
export async function createManager({
  store,
  driver,
  dataFolder,
  log,
  buildInfo,
  now = () => new Date(),
  resolveRuntime = createRuntimeCatalogue(store),
  build = {},
  serving: servingOptions,
  moreRoutes,
}: ManagerOptions): Promise<Manager> {
  const closing = new AbortController()
  await store.payloads.deleteUnused(new Date(now().getTime() - UNUSED_KEPT_MS))
  const events = await createEventBus(store, log)
  const folders = createModelFolders(dataFolder)
  const buildOptions = { ...BUILD_DEFAULTS, ...build }
  const runsImages = buildOptions.runtimeKinds.includes('image')
  const registrations = await createRegistrations({ store, log, runsImages })
  const builds = await createBuilds({ store, folders, resolveRuntime, log, events, options: buildOptions })
  const parts: ManagerParts = {
    store,
    driver,
    dataFolder,
    log,
    now,
    signal: closing.signal,
    events,
    folders,
    resolveRuntime,
    registrations,
    builds,
    payloadLimits: buildOptions.payload,
  }
  const serving = await createServing(parts, servingOptions)
  const app = await createHttpApp({ log, version: buildInfo.version })
  buildInfoRoutes(app, buildInfo)
  unsupportedRoutes(app, { hasMonitoring: moreRoutes !== undefined })
  for (const addRoutes of ROUTES) await app.register(async scope => addRoutes(scope, parts))
  await app.register(async scope => servingRoutes(scope, parts, serving))
  if (moreRoutes !== undefined) await app.register(async scope => moreRoutes(scope))
  documentRoutes(app)
  await app.ready()

  let closed: Promise<void> | undefined
  return {
    http: { takes: managerTakes, handle: (request, response) => app.routing(request, response) },
    methods: await managerMethods(parts, serving),
    discovery: serving.discovery,
    close() {
      closed ??= (async () => {
        closing.abort(new ServingError('UNAVAILABLE', 'the manager is stopping'))
        await app.close()
        await serving.close()
        await builds.close()
        await registrations.close()
        await events.close()
      })()
      return closed
    },
  }
}
