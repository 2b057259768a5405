import {
  type InferenceRequest,
  type InferenceResponse,
  type ModelMetrics,
  type RequestContext,
  ServingError,
} from '@millrace/sdk'
import type { ServerLogger } from '../base/index.ts'
import { type ModelInstance, type ModelRegistry, stateOf } from '../lifecycle/index.ts'
import { type ModelStatistics, recordInference } from '../metrics/index.ts'
import type { Call } from './call.ts'
import { describeModel, type ModelMetadata, type ServerMetadata } from './model-metadata.ts'
import type { CachePartition, ResponseCache } from './response-cache.ts'

/** The one answer behind every door. All methods throw `ServingError` and nothing else. */
export interface DataPlane {
  /** True when every model that was asked for is loaded and ready, and the server is not stopping. */
  isReady(): boolean
  serverMetadata(): ServerMetadata
  /** @throws ServingError NOT_FOUND for a model that is not loaded */
  isModelReady(name: string, version: string | undefined): boolean
  /** @throws ServingError NOT_FOUND, or UNAVAILABLE while the model loads for the first time */
  modelMetadata(name: string, version: string | undefined): ModelMetadata
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
  /** Requests inside one model at once; a model that never answers must not take the server with it. */
  readonly maxActivePerModel: number
  /** `null`: no responses are kept. */
  readonly cache: ResponseCache | null
  /** Tell clients what an unexpected error of a model said; for development only. */
  readonly isDebug: boolean
}

export function createDataPlane(options: DataPlaneOptions): DataPlane {
  const { registry, server, isServing } = options
  const served = new WeakMap<ModelInstance, ServedModel>()
  const servedModel = (instance: ModelInstance): ServedModel => {
    let model = served.get(instance)
    if (model === undefined) {
      model = new ServedModel(instance, options)
      served.set(instance, model)
    }
    return model
  }

  return {
    isReady: () => isServing() && registry.isReady(),
    serverMetadata: () => server,
    isModelReady: (name, version) => stateOf(registry.find(name, version)) === 'READY',
    modelMetadata(name, version) {
      const entry = registry.find(name, version)
      // Asking for a ready one only where there is none at all says why it is not there.
      if (entry.instance === null) registry.ready(name, version)
      return describeModel(entry, registry.versionsOf(name))
    },
    statistics(name, version) {
      return registry.loaded(name, version).map(entry => ({
        name: entry.name,
        version: entry.version,
        statistics: options.statisticsOf(entry.name, entry.version),
      }))
    },
    // Promises, not throws: a door awaits one thing.
    infer: async (request, call) =>
      servedModel(registry.ready(request.modelName, request.modelVersion)).infer(request, call),
    inferStream({ modelName, modelVersion }, requests, call) {
      return servedModel(registry.ready(modelName, modelVersion)).inferStream(requests, call)
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

  constructor(instance: ModelInstance, options: DataPlaneOptions) {
    const { name, version } = instance.settings
    this.#instance = instance
    this.#statistics = options.statisticsOf(name, version)
    this.#log = options.log.with({ model: name, ...(version === undefined ? {} : { version }) })
    this.#metrics = options.metricsOf(name, version)
    this.#maxActive = options.maxActivePerModel
    this.#isDebug = options.isDebug
    this.#cache = instance.settings.isCacheEnabled ? (options.cache?.partition() ?? null) : null
  }

  async infer(request: InferenceRequest, call: Call): Promise<InferenceResponse> {
    const startedMs = this.#begin()
    try {
      const response =
        this.#cache === null
          ? await this.#instance.bound.predict(request, this.#context(call))
          : await this.#cache.through(request, call, to =>
              this.#instance.bound.predict(request, this.#context(to)),
            )
      recordInference(this.#statistics, startedMs, rowCount(request), null)
      return response
    } catch (error) {
      const failure = this.#normalise(error, call)
      this.#logDefect(failure)
      recordInference(this.#statistics, startedMs, 0, failure)
      throw failure
    } finally {
      this.#instance.leave()
    }
  }

  async *inferStream(
    requests: AsyncIterable<InferenceRequest>,
    call: Call,
  ): AsyncIterable<InferenceResponse> {
    const startedMs = this.#begin()
    let rows = 0
    // Whoever stops reading closes the generator where it stands: no error is thrown then.
    let failure: ServingError | null = STREAM_LEFT
    let requestFailure: unknown
    const counted = (async function* () {
      try {
        for await (const request of requests) {
          rows += rowCount(request)
          yield request
        }
      } catch (error) {
        requestFailure = error
        throw error
      }
    })()
    try {
      yield* this.#instance.bound.predictStream(counted, this.#context(call))
      failure = null
    } catch (error) {
      failure = this.#normalise(error, call)
      // A stream of requests that breaks off ends in the model that reads it, and is no defect of the model.
      if (error !== requestFailure) this.#logDefect(failure)
      throw failure
    } finally {
      recordInference(this.#statistics, startedMs, rows, failure)
      this.#instance.leave()
    }
  }

  #begin(): number {
    const { activeCount, settings } = this.#instance
    if (activeCount >= this.#maxActive) {
      throw new ServingError(
        'RESOURCE_EXHAUSTED',
        `Model ${settings.name} is working on ${activeCount} requests, which is its limit (max_concurrent_requests)`,
        { retryAfterMs: 1000 },
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

class ModelRequestContext implements RequestContext {
  readonly #call: Call
  readonly log: ServerLogger
  readonly metrics: ModelMetrics

  constructor(call: Call, log: ServerLogger, metrics: ModelMetrics) {
    this.#call = call
    this.log = log
    this.metrics = metrics
  }

  get headers(): RequestContext['headers'] {
    return this.#call.headers
  }

  // A getter, because listeners make a signal only for those who ask.
  get signal(): AbortSignal {
    return this.#call.signal
  }

  get deadlineMs(): number {
    return this.#call.deadlineMs
  }

  setHeader(name: string, value: string): void {
    this.#call.setHeader(name, value)
  }
}

const STREAM_LEFT = new ServingError('CANCELLED', 'the client left before the stream had ended')

/** The batch size: the first extent of the first input that has one. */
function rowCount(request: InferenceRequest): number {
  return request.inputs[0]?.shape[0] ?? 1
}
