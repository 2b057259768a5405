import type { Tracer } from '@opentelemetry/api'
import { createAccess, reportProtection } from './access/index.ts'
import { createLogger, type ServerLogger, type ServerSettings } from './base/index.ts'
import type { ModelCache } from './cache/index.ts'
import {
  createCloudEvents,
  createDataPlane,
  createMeshDataPlane,
  createResponseCache,
  type DataPlane,
  readNamespace,
} from './dataplane/index.ts'
import type { KafkaDoor } from './doors/kafka/index.ts'
import type { OpenMesh } from './doors/modelmesh/index.ts'
import { toErrorResponse, toGrpcStatus } from './doors/open-inference/index.ts'
import {
  type LoadFailure,
  type ModelRegistry,
  type RepositoryWatch,
  ServerPhase,
  type WatchManner,
  watchRepository,
} from './lifecycle/index.ts'
import { listenInferenceGrpc, listenMetrics, listenRest, type ServeDoors } from './listeners.ts'
import { openModelMesh, openModelRuntime, openRuntimeListeners } from './mesh-wiring.ts'
import { createServerMetrics } from './metrics/index.ts'
import { wireModels } from './model-wiring.ts'
import type { DescribedModel } from './repository/index.ts'
import type { Tracing } from './tracing/index.ts'
import type { Listener } from './transport/index.ts'
import { startWorkerPools, workerFigures } from './worker-wiring.ts'
import { createEnvironments } from './workers/index.ts'

export interface ServeOptions {
  /**
   * The model repository: a folder of model folders, or a URI that stands for one; `null` for none: then only models
   * are served that `registry.host` is given.
   */
  readonly folder: string | null
  /** Models that are served in place of a repository's. */
  readonly models?: readonly DescribedModel[]
  readonly settings: ServerSettings
  /** Variables that may describe models (`MLSERVER_MODEL_*`). */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Holds the Kubernetes namespace for CloudEvents headers. Default: where Kubernetes puts it in a pod. */
  readonly namespaceFile?: string | undefined
  /** Makes the spans of requests. Default: none are made. */
  readonly tracer?: Tracer | undefined
  /** How the repository's changes are followed, where the settings ask for that (`watch_model_repository`). */
  readonly watch?: WatchManner
  /** Serve what has loaded, although others have failed to at start-up. Default: the server is then never ready. */
  readonly servesDespiteFailures?: boolean
  /**
   * An API key with all scopes that this program itself uses, as `x-api-key`, where callers have to say who they are: long,
   * and drawn anew at each start. Default: none.
   */
  readonly ownKey?: string | undefined
  /** What else the listeners offer. */
  readonly doors?: ServeDoors
  /** Default: text or JSON lines on standard error, as the settings say. */
  readonly log?: ServerLogger
}

/** Where one listener can be reached. */
export interface Address {
  readonly host: string
  readonly port: number
  /** True with TLS. */
  readonly isSecure: boolean
}

export interface RunningServer {
  readonly rest: Address
  readonly grpc: Address
  /** `null` when metrics are switched off. */
  readonly metrics: Address | null
  /** Where a mesh without adapter loads models and asks them; Unix sockets by their path, with port 0. Usually none. */
  readonly modelRuntime: readonly Address[]
  readonly dataPlane: DataPlane
  readonly registry: ModelRegistry
  /** `null` where every model that is loaded stays (no `model_memory_budget`). */
  readonly cache: ModelCache | null
  /** Settles when every model has been tried; the failures, none if all are ready. */
  readonly started: Promise<readonly LoadFailure[]>
  /**
   * Refuses new requests, finishes those that run, unloads the models: at most `shutdownTimeoutMs` in
   * all, and a second more for models that only learn then that they have to stop. Idempotent.
   */
  close(): Promise<void>
}

/**
 * Starts a server over a model repository. It listens at once, so that it can say that it lives,
 * and is ready when every model has loaded. If one fails to load at start-up the server is never
 * ready; what to do about it is the caller's decision.
 * @throws the system's error (`EADDRINUSE`, …) when a port cannot be listened on; ServingError INVALID_ARGUMENT for a
 * certificate, key or list of keys that cannot be used
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { settings } = options
  const log =
    options.log ??
    createLogger({ isStructured: settings.isLogStructured, level: settings.isDebugging ? 'debug' : 'info' })
  const access = await createAccess(settings.security, log, options.ownKey)
  const metrics = createServerMetrics({
    restPrefix: settings.metricsRestServerPrefix,
    isPerModel: settings.hasMetricsPerModel,
    hasMeshNames: settings.mesh !== undefined,
  })
  const phase = new ServerPhase()
  const { folder: root, environment } = options
  const environments = createEnvironments({ folder: settings.environmentsFolder, log })
  const workers = startWorkerPools(
    settings,
    environments,
    log,
    () => registry.announce(),
    metrics.scheduling.onCrossing,
  )
  if (workers !== null) metrics.scheduling.exposeWorkers(() => workerFigures(workers))
  const cache =
    settings.isCacheEnabled && settings.cacheMaxEntries > 0
      ? createResponseCache({ maxEntries: settings.cacheMaxEntries, maxBytes: settings.cacheMaxBytes })
      : null
  if (cache !== null) metrics.scheduling.exposeCache(() => cache.statistics)
  const models = wireModels({
    settings,
    root,
    models: options.models,
    environment,
    environments,
    workers,
    metrics,
    phase,
    log,
  })
  const { registry, demand } = models
  const tracing = options.tracer === undefined ? null : await openTracing(options.tracer)
  const plainDataPlane = createDataPlane({
    registry,
    server: {
      name: settings.serverName,
      version: settings.serverVersion,
      extensions: [...new Set([...EXTENSIONS, ...settings.extensions])],
    },
    log,
    statisticsOf: metrics.statisticsOf,
    metricsOf: metrics.customMetricsOf,
    isServing: () => phase.isServing,
    needsAllModels: settings.loadsModelsAtStartup && demand === null,
    demanded: demand?.demanded ?? null,
    maxActivePerModel: maxActivePerModel(settings),
    cache,
    tracing,
    cloudEvents: settings.isCloudEventsEnabled
      ? createCloudEvents({
          serverName: settings.serverName,
          namespace: readNamespace(log, options.namespaceFile),
          log,
        })
      : null,
    isDebug: settings.isDebugging,
  })

  const { doors = {} } = options
  for (const figure of doors.figures ?? []) metrics.expose(figure)
  const listeners: Listener[] = []
  const listen = async (listening: Promise<Listener>): Promise<Listener> => {
    const listener = await listening
    listeners.push(listener)
    return listener
  }
  const closeListeners = (graceMs: number) => Promise.all(listeners.map(listener => listener.close(graceMs)))
  let watch: RepositoryWatch | null = null
  let kafka: KafkaDoor | null = null
  let mesh: OpenMesh | null = null
  try {
    mesh = await openModelMesh(settings, models, { environment, phase, log })
    const dataPlane = mesh === null ? plainDataPlane : createMeshDataPlane(plainDataPlane, mesh.names)
    const modelRuntime = await openModelRuntime(settings, {
      registry,
      models: models.meshModels,
      sizes: models.sizes,
      phase,
      maxActivePerModel: maxActivePerModel(settings),
    })
    const listening = {
      mesh,
      modelRuntime,
      settings,
      access,
      tracing,
      dataPlane,
      registry,
      phase,
      metrics,
      log,
      doors,
    }
    const rest = await listen(listenRest(listening))
    const grpc = await listen(listenInferenceGrpc(listening))
    const scrape = settings.metricsEndpoint === undefined ? null : await listen(listenMetrics(listening))
    const runtimeAddresses = await openRuntimeListeners(listening, grpc, listen)
    const { security } = settings
    reportProtection(
      settings.host,
      [
        { name: 'REST', port: rest.port, security: security.rest },
        { name: 'gRPC', port: grpc.port, security: security.grpc },
        ...(scrape === null ? [] : [{ name: 'metrics', port: scrape.port, security: security.metrics }]),
      ],
      log,
    )

    // Watched before the first load, so that no change falls between.
    watch =
      settings.watchesModelRepository && root !== null && options.models === undefined
        ? await watchRepository({
            ...options.watch,
            settings,
            root,
            repository: models.repository,
            registry: demand?.changing ?? registry,
            log,
          })
        : null
    if (settings.isKafkaEnabled) {
      // Its client is larger than the rest of the server, and few have brokers.
      const { createKafkaDoor } = await import('./doors/kafka/index.ts')
      kafka = await createKafkaDoor({ settings, dataPlane, log })
      metrics.exposeKafka(kafka.figures)
    }
    const load = async () => {
      const failures = [
        ...(settings.loadsModelsAtStartup || demand !== null
          ? await loadAll(registry, root ?? 'the models')
          : []),
        ...((await mesh?.loadAtStart()) ?? []),
      ]
      if (failures.length === 0 || options.servesDespiteFailures === true) {
        phase.serve()
        // Records wait where they are until the models are ready, and brokers that are away hold nobody up.
        kafka?.begin()
      }
      watch?.begin()
      return failures
    }
    let closing: Promise<void> | null = null
    return {
      rest,
      grpc,
      metrics: scrape,
      modelRuntime: runtimeAddresses,
      dataPlane,
      registry,
      cache: demand?.cache ?? null,
      started: load(),
      close() {
        closing ??= (async () => {
          const graceMs = settings.shutdownTimeoutMs
          const givesUpAtMs = performance.now() + graceMs
          phase.stop()
          await Promise.all([closeListeners(graceMs), kafka?.close(graceMs), watch?.close()])
          await mesh?.close()
          access?.close()
          await registry.close(Math.max(givesUpAtMs - performance.now(), UNLOAD_GRACE_MS))
          await workers?.close(settings.parallelWorkersTimeoutMs)
        })()
        return closing
      },
    }
  } catch (error) {
    await Promise.all([closeListeners(0), watch?.close(), mesh?.close()])
    access?.close()
    await workers?.close(0)
    throw error
  }
}

/** Loaded only for those who trace. */
async function openTracing(tracer: Tracer): Promise<Tracing> {
  const { createTracing } = await import('./tracing/index.ts')
  return createTracing({
    tracer,
    httpStatusOf: error => toErrorResponse(error).status,
    grpcCodeOf: error => toGrpcStatus(error).code,
  })
}

function maxActivePerModel({ maxConcurrentRequests }: ServerSettings): number {
  return Math.ceil(maxConcurrentRequests * SHARE_OF_ONE_MODEL)
}

/** Of what a listener may be answering at once. */
const SHARE_OF_ONE_MODEL = 0.75

/** What models have to unload in, even where requests have used up the time for stopping. */
const UNLOAD_GRACE_MS = 1000

/** A repository that cannot be read at all is a failure like that of a model. */
async function loadAll(registry: ModelRegistry, folder: string): Promise<readonly LoadFailure[]> {
  try {
    return await registry.loadAll()
  } catch (error) {
    return [{ subject: folder, error }]
  }
}

/** Extensions of the protocol that this server speaks, by Triton's names. */
const EXTENSIONS = [
  'binary_tensor_data',
  'model_configuration',
  'model_repository',
  'parameters',
  'statistics',
]
