import {
  type InferenceRequest,
  type InferenceResponse,
  type ModelMetrics,
  type ModelRoute,
  type RequestContext,
  type RouteRequest,
  type RouteResponse,
  ServingError,
} from '@millrace/sdk'
import type { ServerLogger } from '../base/index.ts'
import type { DemandedModels } from '../cache/index.ts'
import { type ModelInstance, type ModelRegistry, stateOf } from '../lifecycle/index.ts'
import { type ModelStatistics, recordInference } from '../metrics/index.ts'
import type { ModelTracing, Tracing } from '../tracing/index.ts'
import type { Call } from './call.ts'
import type { CloudEvents, ModelEvents } from './cloud-events.ts'
import { createDemandedInstances } from './demanded-instances.ts'
import { takeHeaders, withoutHeaders } from './header-parameters.ts'
import { describeModel, type ModelMetadata, type ServerMetadata } from './model-metadata.ts'
import { ModelRequestContext } from './model-request-context.ts'
import { answerRoute, type RouteTarget, routesOf } from './model-routes.ts'
import type { CachePartition, ResponseCache } from './response-cache.ts'
import { TracedCall } from './traced-call.ts'

/** The one answer behind every door. All methods throw `ServingError` and nothing else. */
export interface DataPlane {
  /**
   * True when every model that was asked for is loaded and ready, and the server is not stopping. Where models come and
   * go by request it says nothing of them.
   */
  isReady(): boolean
  serverMetadata(): ServerMetadata
  /**
   * False for a model that would be loaded on demand: asking does not load it.
   * @throws ServingError NOT_FOUND for a model that is not loaded, and would not be
   */
  isModelReady(name: string, version: string | undefined): boolean
  /** True if some version of the model is loaded, ready or not. */
  isModelLoaded(name: string): boolean
  /**
   * Loads a model that is loaded on demand: what it takes and answers is known only then.
   * @throws ServingError NOT_FOUND, or UNAVAILABLE while the model loads for the first time
   */
  modelMetadata(name: string, version: string | undefined, signal?: AbortSignal): Promise<ModelMetadata>
  /** Statistics of one model (all its versions without one given), or of all models. */
  statistics(name: string | undefined, version: string | undefined): readonly NamedStatistics[]
  infer(request: InferenceRequest, call: Call): Promise<InferenceResponse>
  /**
   * Answers a stream of requests for one model. The model is chosen by `target`, whatever the
   * requests say.
   */
  inferStream(
    target: { readonly modelName: string; readonly modelVersion: string | undefined },
    requests: AsyncIterable<InferenceRequest>,
    call: Call,
  ): AsyncIterable<InferenceResponse>
  /** The routes of their own that the default versions of all loaded models have, in the order of loading. */
  routes(): readonly RouteTarget[]
  /**
   * Has a model's default version answer on a route of its own, as part of its work like an inference.
   * @throws ServingError NOT_FOUND if it has been unloaded or does not offer the route any more
   */
  callRoute(target: RouteTarget, request: RouteRequest, call: Call): Promise<RouteResponse>
}

export interface NamedStatistics {
  readonly name: string
  readonly version: string | undefined
  readonly statistics: ModelStatistics
}

export interface DataPlaneOptions {
  readonly registry: ModelRegistry
  readonly server: ServerMetadata
  readonly log: ServerLogger
  readonly statisticsOf: (name: string, version: string | undefined) => ModelStatistics
  readonly metricsOf: (name: string, version: string | undefined) => ModelMetrics
  /** False until start-up is over and again once the server stops. */
  readonly isServing: () => boolean
  /** False where models come and go by request: one that loads, or has failed to, says nothing about the server then. */
  readonly needsAllModels: boolean
  /**
   * Requests inside one model at once, where its settings say nothing. Less than what a listener takes, so that a model
   * which never answers does not take the listener with it.
   */
  readonly maxActivePerModel: number
  /** `null`: models that are not loaded are not found. */
  readonly demanded: DemandedModels | null
  /** `null`: no responses are kept. */
  readonly cache: ResponseCache | null
  /** `null`: answers have no headers that describe them. */
  readonly cloudEvents: CloudEvents | null
  /** `null`: no spans. */
  readonly tracing: Tracing | null
  /** Tell clients what an unexpected error of a model said; for development only. */
  readonly isDebug: boolean
}

export function createDataPlane(options: DataPlaneOptions): DataPlane {
  const { registry, server, isServing, needsAllModels } = options
  const served = new WeakMap<ModelInstance, ServedModel>()
  const servedModel = (instance: ModelInstance): ServedModel => {
    let model = served.get(instance)
    if (model === undefined) {
      model = new ServedModel(instance, options)
      served.set(instance, model)
    }
    return model
  }

  const demanded = options.demanded === null ? null : createDemandedInstances(registry, options.demanded)

  return {
    isReady: () => isServing() && (!needsAllModels || registry.isReady()),
    serverMetadata: () => server,
    isModelReady(name, version) {
      const isCold = registry.lookUp(name, undefined) === undefined && options.demanded?.knows(name) === true
      return !isCold && stateOf(registry.find(name, version)) === 'READY'
    },
    isModelLoaded: name => registry.isLoaded(name),
    async modelMetadata(name, version, signal) {
      if (demanded !== null && demanded.now(name, version) === undefined)
        await demanded.later(name, version, signal)
      const entry = registry.find(name, version)
      // Asking for a ready one only where there is none at all says why it is not there.
      if (entry.instance === null) registry.ready(name, version)
      return describeModel(entry, registry.versionsOf(name))
    },
    statistics(name, version) {
      if (name !== undefined && !registry.isLoaded(name) && options.demanded?.knows(name) === true) return []
      return registry.loaded(name, version).map(entry => ({
        name: entry.name,
        version: entry.version,
        statistics: options.statisticsOf(entry.name, entry.version),
      }))
    },
    // Promises, not throws: a door awaits one thing.
    infer:
      demanded === null
        ? async (request, call) =>
            servedModel(registry.ready(request.modelName, request.modelVersion)).infer(request, call)
        : async (request, call) => {
            const { modelName, modelVersion } = request
            const instance =
              demanded.now(modelName, modelVersion) ??
              (await demanded.later(modelName, modelVersion, call.signal))
            return servedModel(instance).infer(request, call)
          },
    inferStream({ modelName, modelVersion }, requests, call) {
      const instance =
        demanded === null ? registry.ready(modelName, modelVersion) : demanded.now(modelName, modelVersion)
      if (instance !== undefined) return servedModel(instance).inferStream(requests, call)
      return (async function* () {
        yield* servedModel(await demanded!.later(modelName, modelVersion, call.signal)).inferStream(
          requests,
          call,
        )
      })()
    },
    routes() {
      const targets: RouteTarget[] = []
      for (const { name: modelName, instance } of registry.loaded(undefined, undefined)) {
        // Of thousands of models hardly any has routes; only of the default version they are served.
        if (instance === null) continue
        const routes = served.get(instance)?.routes ?? routesOf(instance.bound)
        if (routes.length === 0 || registry.lookUp(modelName, undefined)?.instance !== instance) continue
        for (const { method, path } of servedModel(instance).routes) targets.push({ modelName, method, path })
      }
      return targets
    },
    async callRoute(target, request, call) {
      const { modelName } = target
      const instance =
        demanded === null
          ? registry.ready(modelName, undefined)
          : (demanded.now(modelName, undefined) ?? (await demanded.later(modelName, undefined, call.signal)))
      return servedModel(instance).callRoute(target, request, call)
    },
  }
}

/** An instance with what its requests need, put together once. */
class ServedModel {
  readonly #instance: ModelInstance
  readonly #statistics: ModelStatistics
  readonly #log: ServerLogger
  readonly #metrics: ModelMetrics
  readonly #maxActive: number
  readonly #isDebug: boolean
  readonly #cache: CachePartition | null
  readonly #events: ModelEvents | null
  readonly #tracing: ModelTracing | null
  /** Calls of the model that each request is; a batcher counts its own. */
  readonly #executionsEach: number
  readonly routes: readonly ModelRoute[]

  constructor(instance: ModelInstance, options: DataPlaneOptions) {
    const { name, version } = instance.settings
    this.#instance = instance
    this.#statistics = options.statisticsOf(name, version)
    this.#log = options.log.with({ model: name, ...(version === undefined ? {} : { version }) })
    this.#metrics = options.metricsOf(name, version)
    this.#maxActive = instance.settings.maxConcurrentRequests ?? options.maxActivePerModel
    this.#isDebug = options.isDebug
    this.#cache = instance.settings.isCacheEnabled ? (options.cache?.partition() ?? null) : null
    this.#events = options.cloudEvents?.ofModel(name) ?? null
    this.#tracing = options.tracing?.model(name, version, instance.placement.place) ?? null
    this.#executionsEach = instance.isBatched ? 0 : 1
    this.routes = routesOf(instance.bound)
  }

  infer(request: InferenceRequest, call: Call): Promise<InferenceResponse> {
    if (this.#tracing === null) return this.#infer(request, call)
    const span = this.#tracing.start(call.headers, rowCount(request))
    return span.around(() => this.#infer(request, new TracedCall(call, span.headers)))
  }

  inferStream(requests: AsyncIterable<InferenceRequest>, call: Call): AsyncIterable<InferenceResponse> {
    if (this.#tracing === null) return this.#inferStream(requests, call)
    const span = this.#tracing.start(call.headers, undefined)
    return span.aroundStream(this.#inferStream(requests, new TracedCall(call, span.headers)))
  }

  async #infer(received: InferenceRequest, call: Call): Promise<InferenceResponse> {
    const request = withoutHeaders(received)
    const startedMs = this.#begin()
    let hasRun = true
    try {
      const cache = this.#cache
      let response: InferenceResponse
      if (cache === null) response = await this.#instance.bound.predict(request, this.#context(call))
      else {
        hasRun = false
        response = await cache.through(request, call, to => {
          hasRun = true
          return this.#instance.bound.predict(request, this.#context(to))
        })
        const total = hasRun ? this.#statistics.cacheMiss : this.#statistics.cacheHit
        total.count++
        total.ns += (performance.now() - startedMs) * 1e6
      }
      const answer = takeHeaders(response, call)
      if (this.#events !== null) call.addHeaders?.(this.#events(answer.id))
      const rows = hasRun ? rowCount(request) : 0
      recordInference(this.#statistics, startedMs, rows, hasRun ? this.#executionsEach : 0, null)
      return answer
    } catch (error) {
      const failure = this.#normalise(error, call)
      this.#logDefect(failure)
      recordInference(this.#statistics, startedMs, 0, 0, failure)
      throw failure
    } finally {
      this.#instance.leave()
    }
  }

  async *#inferStream(
    requests: AsyncIterable<InferenceRequest>,
    call: Call,
  ): AsyncIterable<InferenceResponse> {
    const startedMs = this.#begin()
    let rows = 0
    // Whoever stops reading closes the generator where it stands: no error is thrown then.
    let failure: ServingError | null = STREAM_LEFT
    let requestFailure: unknown
    let id: string | undefined
    const counted = (async function* () {
      try {
        for await (const request of requests) {
          rows += rowCount(request)
          id = request.id
          yield withoutHeaders(request)
        }
      } catch (error) {
        requestFailure = error
        throw error
      }
    })()
    try {
      let isDescribed = this.#events === null
      for await (const response of this.#instance.bound.predictStream(counted, this.#context(call))) {
        const answer = takeHeaders(response, call)
        // Before the first answer, because headers of HTTP leave with it.
        if (!isDescribed) call.addHeaders?.(this.#events!(id))
        isDescribed = true
        yield answer
      }
      if (!isDescribed) call.addHeaders?.(this.#events!(id))
      failure = null
    } catch (error) {
      failure = this.#normalise(error, call)
      // A stream of requests that breaks off ends in the model that reads it, and is no defect of the model.
      if (error !== requestFailure) this.#logDefect(failure)
      throw failure
    } finally {
      recordInference(this.#statistics, startedMs, rows, 1, failure)
      this.#instance.leave()
    }
  }

  async callRoute(target: RouteTarget, request: RouteRequest, call: Call): Promise<RouteResponse> {
    this.#begin()
    try {
      return await answerRoute(this.routes, target, request, this.#context(call))
    } catch (error) {
      const failure = this.#normalise(error, call)
      this.#logDefect(failure)
      throw failure
    } finally {
      this.#instance.leave()
    }
  }

  #begin(): number {
    const { activeCount, settings } = this.#instance
    if (activeCount >= this.#maxActive) {
      throw new ServingError(
        'RESOURCE_EXHAUSTED',
        `Model ${settings.name} is working on ${activeCount} requests, which is its limit (max_concurrent_requests)`,
        { httpStatus: 503, retryAfterMs: 1000 },
      )
    }
    this.#instance.enter()
    return performance.now()
  }

  #context(call: Call): RequestContext {
    return new ModelRequestContext(call, this.#log, this.#metrics)
  }

  /** Defects are for the operator to see; what the client did wrong is for the client. */
  #logDefect(error: ServingError): void {
    if (error.code === 'INTERNAL') this.#log.error(error.message, { error: error.cause ?? error })
  }

  #normalise(thrown: unknown, call: Call): ServingError {
    if (ServingError.is(thrown)) return thrown
    const isAbort = thrown instanceof Error && thrown.name === 'AbortError'
    if (isAbort && call.signal.aborted && ServingError.is(call.signal.reason)) return call.signal.reason
    const { name } = this.#instance.settings
    const said = this.#isDebug && thrown instanceof Error ? `: ${thrown.name}: ${thrown.message}` : ''
    return ServingError.from(
      thrown,
      `Model ${name} failed unexpectedly${said || "; the server's log has the error"}`,
    )
  }
}

const STREAM_LEFT = new ServingError('CANCELLED', 'the client left before the stream had ended')

/** The batch size: the first extent of the first input that has one. */
function rowCount(request: InferenceRequest): number {
  return request.inputs[0]?.shape[0] ?? 1
}
