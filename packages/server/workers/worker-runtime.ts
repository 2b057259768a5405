import { type EventLoopUtilization, performance } from 'node:perf_hooks'
import { memoryUsage } from 'node:process'
import { ServingError } from '@millrace/sdk'
import type { Channel } from './channel.ts'
import { decodeError, encodeError } from './crossing-error.ts'
import { HostedModel } from './hosted-model.ts'
import type { CallReply, FromWorker, ToWorker, WorkerUsage } from './messages.ts'
import type { Block } from './tensor-packing.ts'
import type { WorkerContext } from './worker-context.ts'
import type { WorkerStream } from './worker-stream.ts'

/** What a worker does for the server: holds models and has them answer. Ends with the process or thread. */
export function runWorker(channel: Channel): void {
  new WorkerRuntime(channel).start()
}

/** A call that has begun and not ended. */
interface ActiveCall {
  abort: WorkerContext['abort']
  readonly stream?: WorkerStream
}

class WorkerRuntime {
  readonly #channel: Channel
  readonly #models = new Map<number, HostedModel>()
  readonly #calls = new Map<number, ActiveCall>()
  #lastUtilisation: EventLoopUtilization = performance.eventLoopUtilization()

  constructor(channel: Channel) {
    this.#channel = channel
  }

  start(): void {
    this.#channel.listen({
      message: (message, blocks) => this.#receive(message as ToWorker, blocks),
      // Without its server a worker has nothing to do.
      closed: () => process.exit(0),
    })
    this.#send({ kind: 'started' })
  }

  #receive(message: ToWorker, blocks: readonly Block[]): void {
    switch (message.kind) {
      case 'load':
        void this.#load(message)
        return
      case 'unload':
        void this.#unload(message)
        return
      case 'usage':
        this.#send({ kind: 'done', call: message.call, value: this.#usage() })
        return
      case 'stop':
        void this.#stop()
        return
      case 'predict':
      case 'stream':
      case 'route':
        void this.#answer(message, blocks)
        return
      case 'abort':
        this.#calls.get(message.call)?.abort(message.reason)
        return
      // Of a stream; one that has ended meanwhile needs nothing more.
      case 'item':
      case 'items-end':
      case 'credit':
      case 'leave':
        this.#calls.get(message.call)?.stream?.control(message, blocks)
    }
  }

  async #load({ call, model, settings }: Extract<ToWorker, { kind: 'load' }>): Promise<void> {
    const stopped = new AbortController()
    const hosted = new HostedModel(model, settings, this.#channel)
    this.#calls.set(call, { abort: reason => stopped.abort(decodeError(reason)) })
    try {
      const value = await hosted.load(stopped.signal)
      try {
        this.#send({ kind: 'done', call, value })
      } catch (error) {
        // Inputs and outputs that a model has made itself may hold what cannot cross.
        await hosted.unload()
        throw error
      }
      this.#models.set(model, hosted)
    } catch (error) {
      this.#fail(call, error)
    } finally {
      this.#calls.delete(call)
    }
  }

  async #unload({ call, model }: Extract<ToWorker, { kind: 'unload' }>): Promise<void> {
    const hosted = this.#models.get(model)
    this.#models.delete(model)
    try {
      await hosted?.unload()
      this.#send({ kind: 'done', call, value: null })
    } catch (error) {
      this.#fail(call, error)
    }
  }

  async #answer(
    message: Extract<ToWorker, { kind: 'predict' | 'stream' | 'route' }>,
    blocks: readonly Block[],
  ): Promise<void> {
    const hosted = this.#models.get(message.model)
    if (hosted === undefined) {
      this.#fail(message.call, new ServingError('UNAVAILABLE', 'the model has been unloaded'))
      return
    }
    const running = hosted.begin(message, blocks)
    this.#calls.set(message.call, running)
    try {
      await running.answered
    } finally {
      this.#calls.delete(message.call)
      hosted.reportReadiness()
    }
  }

  #usage(): WorkerUsage {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, this.#lastUtilisation)
    this.#lastUtilisation = now
    const { heapUsed, external, rss } = memoryUsage()
    return { heapBytes: heapUsed + external, rssBytes: rss, utilisation: utilization }
  }

  async #stop(): Promise<void> {
    const models = [...this.#models.values()]
    this.#models.clear()
    await Promise.allSettled(models.map(hosted => hosted.unload()))
    // Not left to the event loop: models may have left handles open.
    process.exit(0)
  }

  #fail(call: number, error: unknown): void {
    const failure = {
      kind: 'failed',
      call,
      headers: [],
      error: encodeError(error),
      origin: undefined,
    } as const
    this.#send(failure satisfies CallReply)
  }

  #send(message: FromWorker): void {
    this.#channel.send(message, [])
  }
}
