import { setImmediate } from 'node:timers/promises'
import type {
  InferenceRequest,
  ModelResponse,
  RequestContext,
  RouteRequest,
  RouteResponse,
} from '@millrace/sdk'
import type { ModelHost } from './remote-model.ts'
import type { RemoteAnswer } from './replies.ts'
import type { WorkerSeat } from './worker-seat.ts'

/** One copy of a model, which knows what it is doing. */
export class ModelCopy implements ModelHost {
  readonly seat: WorkerSeat
  /** A later use has a larger number; 0 before the first. */
  lastUse = 0
  #inFlightCount = 0
  #onIdle: (() => void) | null = null

  constructor(seat: WorkerSeat) {
    this.seat = seat
  }

  get inFlightCount(): number {
    return this.#inFlightCount
  }

  /** Whether it is the one to ask of the two. */
  goesBefore(other: ModelCopy): boolean {
    const difference = this.seat.link.inFlightCount - other.seat.link.inFlightCount
    return difference < 0 || (difference === 0 && this.lastUse < other.lastUse)
  }

  async predict(model: number, request: InferenceRequest, context: RequestContext): Promise<RemoteAnswer> {
    this.#inFlightCount++
    try {
      return await this.seat.link.predict(model, request, context)
    } finally {
      this.#left()
    }
  }

  async route(
    model: number,
    route: number,
    request: RouteRequest,
    context: RequestContext,
  ): Promise<RouteResponse> {
    this.#inFlightCount++
    try {
      return await this.seat.link.route(model, route, request, context)
    } finally {
      this.#left()
    }
  }

  async *predictStream(
    model: number,
    requests: AsyncIterable<InferenceRequest>,
    context: RequestContext,
  ): AsyncIterable<ModelResponse> {
    this.#inFlightCount++
    try {
      yield* this.seat.link.predictStream(model, requests, context)
    } finally {
      this.#left()
    }
  }

  /** Resolves when it is asked no more and has answered all that it was, or the time is over. */
  async drain(timeoutMs: number): Promise<void> {
    // Whoever was given it just now has asked it then.
    await setImmediate()
    if (this.#inFlightCount === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onIdle = resolve
    const timer = setTimeout(resolve, timeoutMs)
    await promise
    clearTimeout(timer)
  }

  #left(): void {
    this.#inFlightCount--
    if (this.#inFlightCount === 0) this.#onIdle?.()
  }
}
