import { ServingError } from '@millrace/sdk'
import {
  health,
  inference,
  loadHydrospherePrediction,
  modelRepository,
  reflection,
  reflectionV1Alpha,
} from '@millrace/sdk/protocol'
import type { Access } from './access/index.ts'
import type { ModelRuntimeSettings, ServerLogger, ServerSettings } from './base/index.ts'
import type { DataPlane } from './dataplane/index.ts'
import { healthMethods, reflectionMethods } from './doors/grpc-standard/index.ts'
import { type HydrosphereOptions, hydrosphereMethods } from './doors/hydrosphere/index.ts'
import type { OpenMesh } from './doors/modelmesh/index.ts'
import {
  followModelRoutes,
  openInferenceMethods,
  openInferenceRoutes,
  toErrorResponse,
  toGrpcStatus,
} from './doors/open-inference/index.ts'
import type { ModelRegistry, ServerPhase } from './lifecycle/index.ts'
import type { EmbedderFigure, ServerMetrics } from './metrics/index.ts'
import type { Tracing } from './tracing/index.ts'
import {
  type GrpcLimits,
  type GrpcListenerOptions,
  type GrpcMethod,
  type HandOver,
  type HttpLimits,
  type HttpRoute,
  type Listener,
  listenGrpc,
  listenHttp,
} from './transport/index.ts'

/** What a program that embeds the server offers on the server's ports. */
export interface ServeDoors {
  /** HTTP routes beside those of the Open Inference Protocol, under the same limits. */
  readonly routes?: readonly HttpRoute[]
  /** HTTP paths that somebody else answers altogether. */
  readonly handOver?: HandOver
  /** How Hydrosphere's prediction service chooses its model. */
  readonly hydrosphere?: HydrosphereOptions
  /** gRPC methods by full path, under the same limits. */
  readonly methods?: ReadonlyMap<string, GrpcMethod>
  /** Figures beside those of the server, for whoever scrapes its metrics. */
  readonly figures?: readonly EmbedderFigure[]
}

/** What every listener needs to know. */
export interface Listening {
  readonly settings: ServerSettings
  readonly access: Access | null
  readonly tracing: Tracing | null
  readonly dataPlane: DataPlane
  readonly registry: ModelRegistry
  readonly phase: ServerPhase
  readonly metrics: ServerMetrics
  readonly log: ServerLogger
  readonly doors: ServeDoors
  /** `null` for a server that is no mesh of its own. */
  readonly mesh: OpenMesh | null
  /** `null` for a server that stands in no ModelMesh. */
  readonly modelRuntime: ModelRuntimeDoor | null
}

/** What a mesh without adapter is offered. */
export interface ModelRuntimeDoor {
  readonly settings: ModelRuntimeSettings
  readonly methods: ReadonlyMap<string, GrpcMethod>
  /** Whether its methods stand beside those for models, on the same port. */
  readonly isOnGrpcPort: boolean
  /** Methods for models' requests, as a mesh may call them. */
  readonly checked: (methods: ReadonlyMap<string, GrpcMethod>) => ReadonlyMap<string, GrpcMethod>
}

/** Opens the port for REST. */
export function listenRest({
  settings,
  access,
  tracing,
  dataPlane,
  registry,
  metrics,
  log,
  doors,
  mesh,
}: Listening): Promise<Listener> {
  const { transport } = metrics
  const routes = [
    ...openInferenceRoutes(dataPlane, registry, settings.rootPath, mesh !== null),
    ...(mesh?.routes ?? []),
    ...(doors.routes ?? []),
  ]
  return listenHttp({
    host: settings.host,
    port: settings.httpPort,
    limits: httpLimits(settings),
    routes: tracing?.routes(routes) ?? routes,
    changingRoutes: followModelRoutes(dataPlane, listener => registry.onChange(listener), routes, log),
    handOver: doors.handOver,
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

/** Opens the port for gRPC; a mesh may have its interface there too. */
export function listenInferenceGrpc(listening: Listening): Promise<Listener> {
  const { settings, access, modelRuntime } = listening
  const methods = inferenceMethods(listening)
  const all = modelRuntime?.isOnGrpcPort === true ? new Map([...methods, ...modelRuntime.methods]) : methods
  return listenMethods(listening, all, {
    host: settings.host,
    port: settings.grpcPort,
    ...access?.grpc,
  })
}

/** Everything that clients of models call over gRPC. */
export function inferenceMethods({
  settings,
  dataPlane,
  registry,
  phase,
  doors,
  mesh,
  modelRuntime,
}: Listening): ReadonlyMap<string, GrpcMethod> {
  const services = [
    inference.GRPCInferenceService,
    modelRepository.ModelRepositoryService,
    health.Health,
    reflection.ServerReflection,
    reflectionV1Alpha.ServerReflection,
    ...(mesh === null ? [] : [mesh.service]),
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
  const hydrosphere = hydrosphereMethods(dataPlane, registry, {
    ...doors.hydrosphere,
    isNamedByMetadata: mesh !== null,
  })
  const names = [...services.map(service => service.typeName), ...Array.from(hydrosphere.keys(), serviceOf)]
  const methods: ReadonlyMap<string, GrpcMethod> = new Map([
    ...openInferenceMethods(dataPlane, registry, settings.grpcStreamShape),
    ...hydrosphere,
    ...healthMethods(dataPlane, new Set(names), readiness),
    ...reflectionMethods(async () => {
      const { g2, g3 } = await loadHydrospherePrediction()
      return [...services, g2, g3]
    }),
    ...(doors.methods ?? []),
    ...(mesh?.methods ?? []),
  ])
  return mesh?.offered(methods) ?? modelRuntime?.checked(methods) ?? methods
}

/** Where gRPC is listened to, and what protects it. */
type GrpcPlace = Pick<GrpcListenerOptions, 'host' | 'port' | 'socket' | 'tls' | 'admissionOf'>

/** Opens one place for gRPC with what all of them keep to. */
export function listenMethods(
  { settings, tracing, metrics, log }: Listening,
  methods: ReadonlyMap<string, GrpcMethod>,
  place: GrpcPlace,
): Promise<Listener> {
  const { transport } = metrics
  return listenGrpc({
    ...place,
    limits: grpcLimits(settings),
    methods: tracing?.methods(methods) ?? methods,
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

/** `inference.GRPCInferenceService` of `/inference.GRPCInferenceService/ModelInfer`. */
function serviceOf(path: string): string {
  return path.slice(1, path.lastIndexOf('/'))
}

/** Opens the port for what scrapes metrics. */
export function listenMetrics({ settings, access, metrics, log }: Listening): Promise<Listener> {
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
