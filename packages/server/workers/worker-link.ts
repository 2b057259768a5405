import {
  type InferenceRequest,
  type ModelResponse,
  type ModelSettings,
  type RequestContext,
  type RouteRequest,
  type RouteResponse,
  ServingError,
} from '@millrace/sdk'
import { encodeError } from './crossing-error.ts'
import type {
  CallReply,
  CrossingRequest,
  FromWorker,
  LoadedModel,
  LogLine,
  MetricBatch,
  ToWorker,
  WorkerUsage,
} from './messages.ts'
import { AnswerCall, type OpenCall, RequestCall } from './open-call.ts'
import { RemoteStream } from './remote-stream.ts'
import { type RemoteAnswer, readAnswer, readRouteResponse } from './replies.ts'
import { type StartedWorker, startWorker, type WorkerExit, type WorkerKind } from './start-worker.ts'
import { type Block, type Packing, packBytes, packTensors } from './tensor-packing.ts'

export interface WorkerLinkOptions {
  readonly kind: WorkerKind
  readonly environmentFolder: string | undefined
  readonly stopTimeoutMs: number
  readonly started: () => void
  readonly log: (model: number, line: LogLine) => void
  readonly metrics: (model: number, batch: MetricBatch) => void
  readonly readiness: (model: number, isReady: boolean) => void
  /** The worker has ended, and its calls have failed: so many requests were among them. */
  readonly exited: (exit: WorkerExit, inFlightCount: number) => void
}

/** When to try again after a worker has stopped: a replacement is usually there by then. */
const RETRY_AFTER_MS = 1000

/** One running worker, as the server sees it: what is asked of it, and what it has not answered yet. */
export class WorkerLink {
  readonly #options: WorkerLinkOptions
  readonly #worker: StartedWorker
  readonly #calls = new Map<number, OpenCall>()
  readonly #packing: Packing
  #lastCall = 0
  #inFlightCount = 0
  #completedCount = 0
  #isStopping = false
  #hasExited = false

  constructor(options: WorkerLinkOptions) {
    this.#options = options
    this.#worker = startWorker(options.kind, options.environmentFolder, options.stopTimeoutMs)
    this.#packing = this.#worker.channel.isTransferring ? 'move' : 'borrow'
    this.#worker.channel.listen({
      message: (message, blocks) => this.#receive(message as FromWorker, blocks),
      // Nothing that it says can be understood any more.
      closed: () => this.kill(),
    })
    void this.#worker.exited.then(exit => this.#exit(exit))
  }

  /** The number of its thread or process. */
  get id(): number {
    return this.#worker.id
  }

  get exited(): Promise<WorkerExit> {
    return this.#worker.exited
  }

  /** Requests, streams and routes that it has not finished. */
  get inFlightCount(): number {
    return this.#inFlightCount
  }

  get completedCount(): number {
    return this.#completedCount
  }

  /** Loads a model version; abort by `abort`. */
  load(
    model: number,
    settings: ModelSettings,
  ): { readonly call: number; readonly loaded: Promise<LoadedModel> } {
    const call = ++this.#lastCall
    const loaded = this.#ask<LoadedModel>(call, { kind: 'load', call, model, settings })
    return { call, loaded }
  }

  async unload(model: number): Promise<void> {
    const call = ++this.#lastCall
    await this.#ask(call, { kind: 'unload', call, model })
  }

  usage(): Promise<WorkerUsage> {
    const call = ++this.#lastCall
    return this.#ask(call, { kind: 'usage', call })
  }

  predict(model: number, request: InferenceRequest, context: RequestContext): Promise<RemoteAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<RemoteAnswer>()
    const call = ++this.#lastCall
    this.#open(
      call,
      () => {
        const { headers, deadlineMs } = context
        const { head, blocks } = this.#packRequest(request)
        this.#worker.channel.send(
          { kind: 'predict', call, model, headers, deadlineMs, request: head } satisfies ToWorker,
          blocks,
        )
        return new RequestCall(context, { resolve, reject }, readAnswer, reason => this.abort(call, reason))
      },
      reject,
    )
    return promise
  }

  route(
    model: number,
    route: number,
    request: RouteRequest,
    context: RequestContext,
  ): Promise<RouteResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<RouteResponse>()
    const call = ++this.#lastCall
    this.#open(
      call,
      () => {
        const { deadlineMs } = context
        const { method, path, params, query, headers, body } = request
        const head = { method, path, params, query: query.toString(), headers }
        const message = {
          kind: 'route',
          call,
          model,
          route,
          headers: context.headers,
          deadlineMs,
          request: head,
        } as const
        const { blocks, places } = packBytes([body], this.#packing)
        const offset = places[0]?.offsetBytes ?? 0
        this.#worker.channel.send(
          message satisfies ToWorker,
          blocks.map(block => block.subarray(offset, offset + body.length)),
        )
        return new RequestCall(context, { resolve, reject }, readRouteResponse, reason =>
          this.abort(call, reason),
        )
      },
      reject,
    )
    return promise
  }

  predictStream(
    model: number,
    requests: AsyncIterable<InferenceRequest>,
    context: RequestContext,
  ): AsyncIterable<ModelResponse> {
    const call = ++this.#lastCall
    const stream = new RemoteStream(requests, context, {
      sendRequest: request => {
        const { head, blocks } = this.#packRequest(request)
        this.#worker.channel.send({ kind: 'item', call, request: head } satisfies ToWorker, blocks)
      },
      endRequests: error =>
        this.#send({
          kind: 'items-end',
          call,
          error: error === undefined ? undefined : encodeError(error.thrown),
        }),
      credit: () => this.#send({ kind: 'credit', call }),
      leave: () => this.#send({ kind: 'leave', call }),
      abort: reason => this.abort(call, reason),
    })
    this.#open(
      call,
      () => {
        const { headers, deadlineMs } = context
        const { credit } = stream
        this.#worker.channel.send(
          { kind: 'stream', call, model, headers, deadlineMs, credit } satisfies ToWorker,
          [],
        )
        return stream
      },
      error => stream.fail(error),
    )
    return stream.responses()
  }

  /** Tells the model of a call that nobody waits for its answer. */
  abort(call: number, reason: unknown): void {
    if (this.#calls.has(call)) this.#send({ kind: 'abort', call, reason: encodeError(reason) })
  }

  /** Has it unload everything and exit. */
  stop(): void {
    this.#isStopping = true
    this.#send({ kind: 'stop' })
  }

  kill(): void {
    this.#worker.kill()
  }

  /** Opens a call that is a request; `begin` sends it. */
  #open(call: number, begin: () => OpenCall, reject: (error: unknown) => void): void {
    if (this.#hasExited) {
      reject(stoppedError('exit code 0', this.#isStopping))
      return
    }
    try {
      this.#calls.set(call, begin())
      this.#inFlightCount++
    } catch (error) {
      reject(error)
    }
  }

  #ask<T>(call: number, message: ToWorker): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    if (this.#hasExited) reject(stoppedError('exit code 0', this.#isStopping))
    else {
      this.#calls.set(call, new AnswerCall<T>({ resolve, reject }))
      this.#send(message)
    }
    return promise
  }

  #packRequest(request: InferenceRequest): {
    readonly head: CrossingRequest
    readonly blocks: readonly Block[]
  } {
    const { modelName, modelVersion, id, parameters, inputs, outputs } = request
    const { tensors, blocks } = packTensors(inputs, this.#packing)
    return { blocks, head: { modelName, modelVersion, id, parameters, outputs, inputs: tensors } }
  }

  #receive(message: FromWorker, blocks: readonly Block[]): void {
    switch (message.kind) {
      case 'started':
        this.#options.started()
        return
      case 'metrics':
        this.#options.metrics(message.model, message.batch)
        return
      case 'readiness':
        this.#options.readiness(message.model, message.isReady)
        return
      case 'log': {
        const { level, message: text, fields } = message.line
        const log = message.call === undefined ? undefined : this.#calls.get(message.call)?.log
        // A line that comes after its request has ended still belongs to the model.
        if (log === undefined) this.#options.log(message.model, message.line)
        else log[level](text, fields)
        return
      }
      default:
        this.#reply(message, blocks)
    }
  }

  #reply(message: CallReply, blocks: readonly Block[]): void {
    const open = this.#calls.get(message.call)
    if (open?.reply(message, blocks) !== 'ended') return
    this.#calls.delete(message.call)
    if (open.log === undefined) return
    this.#inFlightCount--
    this.#completedCount++
  }

  #exit(exit: WorkerExit): void {
    this.#hasExited = true
    const error = stoppedError(exit.how, this.#isStopping)
    for (const call of this.#calls.values()) call.fail(error)
    this.#calls.clear()
    const inFlightCount = this.#inFlightCount
    this.#inFlightCount = 0
    this.#options.exited(exit, inFlightCount)
  }

  #send(message: ToWorker): void {
    this.#worker.channel.send(message, [])
  }
}

/** The answer to what a worker had not finished when it ended. */
function stoppedError(how: string, isStopping: boolean): ServingError {
  return isStopping
    ? new ServingError('UNAVAILABLE', 'the server is stopping')
    : new ServingError('INTERNAL', `the model's worker stopped unexpectedly with ${how}`, {
        retryAfterMs: RETRY_AFTER_MS,
      })
}
