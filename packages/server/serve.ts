import { ServingError } from '@millrace/sdk'
import { health, inference, modelRepository, reflection, reflectionV1Alpha } from '@millrace/sdk/protocol'
import type { Tracer } from '@opentelemetry/api'
import { type Access, createAccess, reportProtection } from './access/index.ts'
import { createLogger, type ServerLogger, type ServerSettings } from './base/index.ts'
import {
  createCloudEvents,
  createDataPlane,
  createResponseCache,
  type DataPlane,
  readNamespace,
} from './dataplane/index.ts'
import { healthMethods, reflectionMethods } from './doors/grpc-standard/index.ts'
import type { KafkaDoor } from './doors/kafka/index.ts'
import {
  followModelRoutes,
  openInferenceMethods,
  openInferenceRoutes,
  toErrorResponse,
  toGrpcStatus,
} from './doors/open-inference/index.ts'
import {
  createModelRegistry,
  createScheduling,
  type LoadFailure,
  type ModelEntry,
  type ModelRegistry,
  type RepositoryWatch,
  ServerPhase,
  type WatchManner,
  watchRepository,
} from './lifecycle/index.ts'
import { createServerMetrics, type ServerMetrics } from './metrics/index.ts'
import { createModelStager, createRepository, stageArtefact } from './repository/index.ts'
import type { Tracing } from './tracing/index.ts'
import {
  type GrpcLimits,
  type GrpcMethod,
  type HttpLimits,
  type Listener,
  listenGrpc,
  listenHttp,
} from './transport/index.ts'
import { startWorkerPools, workerFigures } from './worker-wiring.ts'
import { createEnvironments } from './workers/index.ts'

export interface ServeOptions {
  /** The model repository: a folder of model folders, or a URI that stands for one. */
  readonly folder: string
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
  readonly dataPlane: DataPlane
  readonly registry: ModelRegistry
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
  const access = await createAccess(settings.security, log)
  const metrics = createServerMetrics({ restPrefix: settings.metricsRestServerPrefix })
  const phase = new ServerPhase()
  const { folder: root, environment } = options
  const stager = createModelStager({
    cacheFolder: settings.modelCacheFolder,
    maxBytes: settings.modelDownloadMaxBytes,
    environment,
    inUse: () => registry.loaded(undefined, undefined).flatMap(pathsOf),
  })
  const repository = createRepository({ settings, root, environment, stager, signal: phase.stopping, log })
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
  const registry: ModelRegistry = createModelRegistry({
    repository,
    log,
    metricsOf: metrics.customMetricsOf,
    instances: {
      loadTimeoutMs: settings.modelLoadTimeoutMs,
      stage: async (model, context) => ({
        ...(await stageArtefact(model, stager, context)),
        allowsPickle: settings.allowsPickle,
        workerCount: settings.parallelWorkers,
      }),
      workers,
      environments,
      schedule: createScheduling({
        workerCount: settings.parallelWorkers,
        maxQueueRequests: settings.maxQueueRequests,
        maxQueueBytes: settings.maxQueueBytes,
        log,
        metrics: metrics.scheduling,
        statisticsOf: metrics.statisticsOf,
      }),
    },
    onLoaded: ({ settings: { name, version }, placement, loadMs }) =>
      metrics.scheduling.modelLoaded(name, version, placement.place, loadMs),
    drainTimeoutMs: settings.shutdownTimeoutMs,
  })
  const tracing = options.tracer === undefined ? null : await openTracing(options.tracer)
  const dataPlane = createDataPlane({
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
    maxActivePerModel: Math.ceil(settings.maxConcurrentRequests * SHARE_OF_ONE_MODEL),
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

  const listeners: Listener[] = []
  const listen = async (listening: Promise<Listener>): Promise<Listener> => {
    const listener = await listening
    listeners.push(listener)
    return listener
  }
  const closeListeners = (graceMs: number) => Promise.all(listeners.map(listener => listener.close(graceMs)))
  let watch: RepositoryWatch | null = null
  let kafka: KafkaDoor | null = null
  try {
    const rest = await listen(listenRest(settings, access, tracing, dataPlane, registry, metrics, log))
    const grpc = await listen(
      listenInferenceGrpc(settings, access, tracing, dataPlane, registry, phase, metrics, log),
    )
    const scrape =
      settings.metricsEndpoint === undefined
        ? null
        : await listen(listenMetrics(settings, access, metrics, log))
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
    watch = settings.watchesModelRepository
      ? await watchRepository({ ...options.watch, settings, root, repository, registry, log })
      : null
    if (settings.isKafkaEnabled) {
      // Its client is larger than the rest of the server, and few have brokers.
      const { createKafkaDoor } = await import('./doors/kafka/index.ts')
      kafka = await createKafkaDoor({ settings, dataPlane, log })
      metrics.exposeKafka(kafka.figures)
    }
    const load = async () => {
      const failures = settings.loadsModelsAtStartup ? await loadAll(registry, root) : []
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
      dataPlane,
      registry,
      started: load(),
      close() {
        closing ??= (async () => {
          const graceMs = settings.shutdownTimeoutMs
          const givesUpAtMs = performance.now() + graceMs
          phase.stop()
          await Promise.all([closeListeners(graceMs), kafka?.close(graceMs), watch?.close()])
          access?.close()
          await registry.close(Math.max(givesUpAtMs - performance.now(), UNLOAD_GRACE_MS))
          await workers?.close(settings.parallelWorkersTimeoutMs)
        })()
        return closing
      },
    }
  } catch (error) {
    await Promise.all([closeListeners(0), watch?.close()])
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

/** What a loaded model reads from the disk. */
function pathsOf({ instance }: ModelEntry): readonly string[] {
  return instance === null ? [] : [instance.settings.folder, instance.settings.uri]
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

function listenRest(
  settings: ServerSettings,
  access: Access | null,
  tracing: Tracing | null,
  dataPlane: DataPlane,
  registry: ModelRegistry,
  metrics: ServerMetrics,
  log: ServerLogger,
): Promise<Listener> {
  const { transport } = metrics
  const routes = openInferenceRoutes(dataPlane, registry, settings.rootPath)
  return listenHttp({
    host: settings.host,
    port: settings.httpPort,
    limits: httpLimits(settings),
    routes: tracing?.routes(routes) ?? routes,
    changingRoutes: followModelRoutes(dataPlane, listener => registry.onChange(listener), routes, log),
    toErrorResponse: logged(toErrorResponse, log),
    isCompressionEnabled: settings.isGzipEnabled,
    cors: settings.cors,
    ...access?.rest,
    onStart: transport.httpStarted,
    onFinish: settings.isDebugging
      ? exchange => {
          transport.httpFinished(exchange)
          const { method, path, status, durationMs } = exchange
          log.debug('http', { method, path, status, durationMs: Math.round(durationMs * 1000) / 1000 })
        }
      : transport.httpFinished,
  })
}

function listenInferenceGrpc(
  settings: ServerSettings,
  access: Access | null,
  tracing: Tracing | null,
  dataPlane: DataPlane,
  registry: ModelRegistry,
  phase: ServerPhase,
  metrics: ServerMetrics,
  log: ServerLogger,
): Promise<Listener> {
  const { transport } = metrics
  const services = [
    inference.GRPCInferenceService,
    modelRepository.ModelRepositoryService,
    health.Health,
    reflection.ServerReflection,
    reflectionV1Alpha.ServerReflection,
  ]
  const readiness = {
    stopping: phase.stopping,
    onChange(listener: () => void) {
      const stops = [registry.onChange(listener), phase.onChange(listener)]
      return () => {
        for (const stop of stops) stop()
      }
    },
  }
  const methods: ReadonlyMap<string, GrpcMethod> = new Map([
    ...openInferenceMethods(dataPlane, registry, settings.grpcStreamShape),
    ...healthMethods(dataPlane, new Set(services.map(service => service.typeName)), readiness),
    ...reflectionMethods(services),
  ])
  return listenGrpc({
    host: settings.host,
    port: settings.grpcPort,
    limits: grpcLimits(settings),
    methods: tracing?.methods(methods) ?? methods,
    ...access?.grpc,
    toStatus: logged(toGrpcStatus, log),
    onStart: transport.grpcStarted,
    onFinish: settings.isDebugging
      ? call => {
          transport.grpcFinished(call)
          const { service, method, code, durationMs } = call
          log.debug('grpc', { service, method, code, durationMs: Math.round(durationMs * 1000) / 1000 })
        }
      : transport.grpcFinished,
  })
}

function listenMetrics(
  settings: ServerSettings,
  access: Access | null,
  metrics: ServerMetrics,
  log: ServerLogger,
): Promise<Listener> {
  return listenHttp({
    host: settings.host,
    port: settings.metricsPort,
    limits: httpLimits(settings),
    routes: [
      {
        method: 'GET',
        path: settings.metricsEndpoint ?? '/metrics',
        async handle() {
          const { text, contentType } = await metrics.exposition()
          return { status: 200, headers: { 'content-type': contentType }, body: Buffer.from(text) }
        },
      },
    ],
    toErrorResponse: logged(toErrorResponse, log),
    isCompressionEnabled: settings.isGzipEnabled,
    ...access?.metrics,
  })
}

/** Clients are not told what an unexpected error said, so the log has to be. */
function logged<T>(toAnswer: (error: unknown) => T, log: ServerLogger): (error: unknown) => T {
  return error => {
    if (!ServingError.is(error)) log.error('unexpected error', { error })
    return toAnswer(error)
  }
}

function httpLimits(settings: ServerSettings): HttpLimits {
  return {
    maxBodyBytes: settings.httpMaxBodyBytes,
    maxHeaderBytes: settings.httpMaxHeaderBytes,
    maxConcurrentRequests: settings.maxConcurrentRequests,
    maxInFlightBytes: settings.maxInflightBytes,
    maxConnections: settings.maxConnections,
    requestTimeoutMs: settings.requestTimeoutMs,
    headersTimeoutMs: settings.headersTimeoutMs,
    keepAliveTimeoutMs: settings.keepAliveTimeoutMs,
  }
}

/** Calls that one connection may have open; as many as nghttp2's and Go's servers allow by default, rounded. */
const MAX_STREAMS_PER_CONNECTION = 1000

function grpcLimits(settings: ServerSettings): GrpcLimits {
  return {
    maxMessageBytes: settings.grpcMaxMessageBytes,
    maxHeaderBytes: settings.grpcMaxHeaderBytes,
    maxConcurrentCalls: settings.maxConcurrentRequests,
    maxConcurrentStreams: MAX_STREAMS_PER_CONNECTION,
    maxInFlightBytes: settings.maxInflightBytes,
    maxConnections: settings.maxConnections,
    requestTimeoutMs: settings.requestTimeoutMs,
    streamIdleTimeoutMs: settings.streamIdleTimeoutMs,
  }
}
