import { ServingError } from '@millrace/sdk'
import { health, inference, modelRepository, reflection, reflectionV1Alpha } from '@millrace/sdk/protocol'
import { createLogger, type ServerLogger, type ServerSettings } from './base/index.ts'
import { createDataPlane, type DataPlane } from './dataplane/index.ts'
import { healthMethods, reflectionMethods } from './doors/grpc-standard/index.ts'
import {
  openInferenceMethods,
  openInferenceRoutes,
  toErrorResponse,
  toGrpcStatus,
} from './doors/open-inference/index.ts'
import { createModelRegistry, type LoadFailure, type ModelRegistry, ServerPhase } from './lifecycle/index.ts'
import { createServerMetrics, type ServerMetrics } from './metrics/index.ts'
import { createFolderRepository } from './repository/index.ts'
import { type GrpcLimits, type HttpLimits, type Listener, listenGrpc, listenHttp } from './transport/index.ts'

export interface ServeOptions {
  /** The model repository: a folder of model folders. */
  readonly folder: string
  readonly settings: ServerSettings
  /** Variables that may describe models (`MLSERVER_MODEL_*`). */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Default: text or JSON lines on standard error, as the settings say. */
  readonly log?: ServerLogger
}

/** Where one listener can be reached. */
export interface Address {
  readonly host: string
  readonly port: number
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
 * @throws the system's error (`EADDRINUSE`, …) when a port cannot be listened on
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { settings } = options
  const log =
    options.log ??
    createLogger({ isStructured: settings.isLogStructured, level: settings.isDebugging ? 'debug' : 'info' })
  const metrics = createServerMetrics({ restPrefix: settings.metricsRestServerPrefix })
  const registry = createModelRegistry({
    repository: createFolderRepository({ root: options.folder, environment: options.environment }),
    log,
    metricsOf: metrics.customMetricsOf,
    loadTimeoutMs: settings.modelLoadTimeoutMs,
    drainTimeoutMs: settings.shutdownTimeoutMs,
  })
  const phase = new ServerPhase()
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
    maxActivePerModel: settings.maxConcurrentRequests,
    isDebug: settings.isDebugging,
  })

  const listeners: Listener[] = []
  const listen = async (listening: Promise<Listener>): Promise<Listener> => {
    const listener = await listening
    listeners.push(listener)
    return listener
  }
  const closeListeners = (graceMs: number) => Promise.all(listeners.map(listener => listener.close(graceMs)))
  try {
    const rest = await listen(listenRest(settings, dataPlane, registry, metrics, log))
    const grpc = await listen(listenInferenceGrpc(settings, dataPlane, registry, phase, metrics, log))
    const scrape =
      settings.metricsEndpoint === undefined ? null : await listen(listenMetrics(settings, metrics, log))
    warnBeyondLoopback(settings.host, log)

    const load = async () => {
      const failures = settings.loadsModelsAtStartup ? await loadAll(registry, options.folder) : []
      if (failures.length === 0) phase.serve()
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
          await closeListeners(graceMs)
          await registry.close(Math.max(givesUpAtMs - performance.now(), UNLOAD_GRACE_MS))
        })()
        return closing
      },
    }
  } catch (error) {
    await closeListeners(0)
    throw error
  }
}

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
  dataPlane: DataPlane,
  registry: ModelRegistry,
  metrics: ServerMetrics,
  log: ServerLogger,
): Promise<Listener> {
  const { transport } = metrics
  return listenHttp({
    host: settings.host,
    port: settings.httpPort,
    limits: httpLimits(settings),
    routes: openInferenceRoutes(dataPlane, registry),
    toErrorResponse: logged(toErrorResponse, log),
    isCompressionEnabled: settings.isGzipEnabled,
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
  const methods = new Map([
    ...openInferenceMethods(dataPlane, registry, settings.grpcStreamShape),
    ...healthMethods(dataPlane, new Set(services.map(service => service.typeName)), readiness),
    ...reflectionMethods(services),
  ])
  return listenGrpc({
    host: settings.host,
    port: settings.grpcPort,
    limits: grpcLimits(settings),
    methods,
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

function warnBeyondLoopback(host: string, log: ServerLogger): void {
  if (host === 'localhost' || host === '::1' || host.startsWith('127.')) return
  log.warn(
    `listening on ${host} without TLS or authentication: whoever reaches these ports can use, load and unload models; ` +
      'keep them behind a proxy or a network policy, or set host to 127.0.0.1',
  )
}
