import {
  type BoundModel,
  bindModel,
  type InferenceResponse,
  type ModelSettings,
  type RouteRequest,
  type RouteResponse,
  ServingError,
} from '@millrace/sdk'
import { routeJson } from '../base/index.ts'
import { loadImplementation } from '../repository/index.ts'
import type { Channel } from './channel.ts'
import { type CrossingError, encodeError } from './crossing-error.ts'
import { forwardLog } from './forwarded-log.ts'
import { type ForwardedMetrics, forwardMetrics } from './forwarded-metrics.ts'
import { measureGrowth, statedBytes } from './loaded-memory.ts'
import type {
  CrossingRouteRequest,
  FromWorker,
  LoadedModel,
  PredictMessage,
  RouteMessage,
  StreamMessage,
} from './messages.ts'
import { type Block, type Packing, packBytes, packTensors } from './tensor-packing.ts'
import { watchReadiness } from './watch-readiness.ts'
import { WorkerContext } from './worker-context.ts'
import { unpackRequest, WorkerStream } from './worker-stream.ts'

/** A call that the model is working on; `answered` never rejects. */
interface RunningCall {
  readonly answered: Promise<void>
  readonly stream?: WorkerStream
  abort(reason: CrossingError): void
}

/** A model in a worker: loaded, bound, and made to answer what the server sends. */
export class HostedModel {
  readonly #number: number
  readonly #settings: ModelSettings
  readonly #channel: Channel
  readonly #metrics: ForwardedMetrics
  #bound: BoundModel | null = null
  #wasReady = true

  constructor(number: number, settings: ModelSettings, channel: Channel) {
    this.#number = number
    this.#settings = settings
    this.#channel = channel
    this.#metrics = forwardMetrics(batch => this.#send({ kind: 'metrics', model: number, batch }))
  }

  /**
   * Loads the model; once `signal` is aborted the wait is over, and a model that finishes later is unloaded.
   * @throws what the author's code throws, or the signal's reason
   */
  async load(signal: AbortSignal): Promise<LoadedModel> {
    const { promise: aborted, reject } = Promise.withResolvers<never>()
    signal.addEventListener('abort', () => reject(signal.reason))
    const before = performance.eventLoopUtilization()
    const measuring = measureGrowth(() => this.#load(signal))
    let grownBytes: number | undefined
    try {
      const measured = await Promise.race([measuring, aborted])
      this.#bound = measured.value
      grownBytes = measured.grownBytes
    } catch (error) {
      if (signal.aborted) void measuring.then(({ value }) => value.model.unload?.()).catch(ignore)
      throw error
    }
    const { model } = this.#bound
    this.#wasReady = model.isReady
    this.#metrics.flush()
    watchReadiness(model, () => this.reportReadiness())
    const declared: unknown = model.routes
    const routes = Array.isArray(declared) ? model.routes.map(({ method, path }) => ({ method, path })) : []
    const loadBusyMs = performance.eventLoopUtilization(before).active
    const { inputs, outputs, isReady, settings } = model
    return {
      inputs,
      outputs,
      enforceContract: settings.enforceContract,
      isReady,
      routes,
      loadBusyMs,
      memory: { statedBytes: statedBytes(model), grownBytes },
    }
  }

  async unload(): Promise<void> {
    await this.#bound?.model.unload?.()
    this.#metrics.flush()
  }

  /** Starts to answer; the answer or the failure is sent when it is there. */
  begin(message: PredictMessage | StreamMessage | RouteMessage, blocks: readonly Block[]): RunningCall {
    const { call } = message
    const log = forwardLog(line => this.#send({ kind: 'log', model: this.#number, call, line }))
    const context = new WorkerContext(message, log, this.#metrics.metrics, () =>
      this.#send({ kind: 'watch', call }),
    )
    const abort = (reason: CrossingError): void => context.abort(reason)
    if (message.kind !== 'stream') {
      const answering =
        message.kind === 'predict'
          ? this.#predict(message, blocks, context)
          : this.#route(message, blocks, context)
      return { abort, answered: answering.catch((error: unknown) => this.#fail(call, error, context, null)) }
    }
    const stream = new WorkerStream({
      credit: message.credit,
      pull: () => this.#send({ kind: 'pull', call }),
      // Each response of a stream is copied: the model may send the same memory again.
      send: response => this.#sendResponse('next', call, response, context, 'copy'),
    })
    const streaming = this.#stream(call, stream, context)
    return {
      abort,
      stream,
      answered: streaming.catch((error: unknown) => this.#fail(call, error, context, stream)),
    }
  }

  /** Tells the server if the model has become ready or unready. */
  reportReadiness(): void {
    const isReady = this.#bound?.model.isReady === true
    if (isReady === this.#wasReady) return
    this.#wasReady = isReady
    this.#send({ kind: 'readiness', model: this.#number, isReady })
  }

  async #load(signal: AbortSignal): Promise<BoundModel> {
    const Implementation = await loadImplementation(this.#settings)
    const model = new Implementation(this.#settings)
    const log = forwardLog(line => this.#send({ kind: 'log', model: this.#number, call: undefined, line }))
    if ((await model.load?.({ signal, log, metrics: this.#metrics.metrics })) === false) model.isReady = false
    try {
      return bindModel(model)
    } catch (error) {
      await model.unload?.()
      throw error
    }
  }

  async #predict(
    { call, request }: PredictMessage,
    blocks: readonly Block[],
    context: WorkerContext,
  ): Promise<void> {
    const startedMs = performance.now()
    const response = await this.#bound!.answer(unpackRequest(request, blocks), context)
    const answerMs = performance.now() - startedMs
    // The request's memory came with the message and goes with it; all else is the model's.
    const packing =
      this.#channel.isTransferring && blocks.length > 0 ? new Set(blocks.map(({ buffer }) => buffer)) : 'copy'
    this.#sendResponse('answer', call, response, context, packing, answerMs)
  }

  async #stream(call: number, stream: WorkerStream, context: WorkerContext): Promise<void> {
    await stream.run(this.#bound!.predictStream(stream.requests, context))
    this.#metrics.flush()
    this.#send({ kind: 'end', call, headers: context.takeHeaders() })
  }

  async #route(
    { call, route, request }: RouteMessage,
    [body]: readonly Block[],
    context: WorkerContext,
  ): Promise<void> {
    const response = await this.#bound!.model.routes[route]!.handle(routeRequest(request, body), context)
    const { status, headers, text, bytes } = routeResponse(response)
    const { blocks } = packBytes(bytes === undefined ? [] : [bytes], 'copy')
    this.#metrics.flush()
    const reply = {
      kind: 'routed',
      call,
      headers: context.takeHeaders(),
      response: { status, headers, text },
    } as const
    this.#channel.send(
      reply satisfies FromWorker,
      blocks.map(block => block.subarray(0, bytes!.length)),
    )
  }

  #sendResponse(
    kind: 'answer' | 'next',
    call: number,
    { outputs, parameters }: InferenceResponse,
    context: WorkerContext,
    packing: Packing,
    answerMs?: number,
  ): void {
    this.#metrics.flush()
    const packed = packTensors(outputs, packing)
    const reply = {
      kind,
      call,
      headers: context.takeHeaders(),
      outputs: packed.tensors,
      parameters,
      answerMs,
    }
    try {
      this.#channel.send(reply satisfies FromWorker, packed.blocks)
    } catch (cause) {
      const { name } = this.#settings
      throw new ServingError('INTERNAL', `Model ${name} returned parameters that are no plain values`, {
        cause,
      })
    }
  }

  #fail(call: number, error: unknown, context: WorkerContext, stream: WorkerStream | null): void {
    this.#metrics.flush()
    const origin =
      stream?.isRequestFailure(error) === true
        ? 'requests'
        : context.isAbortReason(error)
          ? 'signal'
          : undefined
    this.#send({ kind: 'failed', call, headers: context.takeHeaders(), error: encodeError(error), origin })
  }

  #send(message: FromWorker): void {
    this.#channel.send(message, [])
  }
}

function routeRequest(request: CrossingRouteRequest, body = new Uint8Array(0)): RouteRequest {
  return {
    ...request,
    query: new URLSearchParams(request.query),
    body,
    json() {
      try {
        return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown
      } catch (cause) {
        const problem = cause instanceof Error ? cause.message : String(cause)
        throw new ServingError('INVALID_ARGUMENT', `the body is not JSON: ${problem}`, { cause })
      }
    },
  }
}

/** What a route answered, with `json` written here: that is work, and it need not wait for the server's thread. */
function routeResponse({ status, headers, json, body }: RouteResponse) {
  if (json !== undefined) {
    if (body !== undefined)
      throw new ServingError('INTERNAL', 'a route answered with both json and body; expected one of them')
    const isTyped = Object.keys(headers ?? {}).some(name => name.toLowerCase() === 'content-type')
    const typed = isTyped ? headers : { ...headers, 'content-type': 'application/json' }
    return { status, headers: typed, text: routeJson(json), bytes: undefined }
  }
  return typeof body === 'string'
    ? { status, headers, text: body, bytes: undefined }
    : { status, headers, text: undefined, bytes: body }
}

function ignore(): void {}
