import {
  type InferenceRequest,
  Model,
  type ModelResponse,
  type ModelRoute,
  type RequestContext,
} from '@millrace/sdk'
import type { LoadedCopies } from './loaded-copies.ts'
import type { LoadedMemory } from './loaded-memory.ts'
import type { LoadedModel } from './messages.ts'
import type { PooledModel } from './pooled-model.ts'
import type { WaitLimits } from './waiting-room.ts'
import type { WorkerLink } from './worker-link.ts'

/** What answers requests for models by their numbers. */
export type ModelHost = Pick<WorkerLink, 'predict' | 'route' | 'predictStream'>

/** What a remote model needs of its pool. */
export interface ModelPool {
  /** The least busy worker that holds the model, or undefined while there is none. */
  pick(model: PooledModel): ModelHost | undefined
  /** The next worker that holds it. */
  wait(model: PooledModel, limits: WaitLimits): Promise<ModelHost>
  release(model: PooledModel): Promise<void>
}

/**
 * A model that answers in workers. Bound with `bindModel` like any other, it checks requests before they
 * cross; conversions and checks of the answer happen in the worker.
 *
 * Large inputs are moved to a worker of another thread when they fill the memory that they lie in: a request
 * is used up by being answered.
 */
export class RemoteModel extends Model {
  readonly #pool: ModelPool
  readonly #model: PooledModel
  /** Why it is not ready, where its workers are the reason; empty otherwise. */
  reason = ''
  /** For how long its load kept its worker's thread busy. */
  readonly loadBusyMs: number
  /** On all its workers together, or that of one copy. */
  readonly memory: LoadedMemory
  /** Null if every worker has the model. */
  readonly copies: LoadedCopies | null
  /** What the latest answer took in its worker, without the way there and back. */
  latestAnswerMs: number | undefined

  constructor(
    pool: ModelPool,
    model: PooledModel,
    { inputs, outputs, enforceContract, isReady, routes, loadBusyMs, memory }: LoadedModel,
    copies: LoadedCopies | null,
  ) {
    super({ ...model.settings, enforceContract })
    this.#pool = pool
    this.#model = model
    this.inputs = inputs
    this.outputs = outputs
    this.isReady = isReady
    this.loadBusyMs = loadBusyMs
    this.memory = memory
    this.copies = copies
    this.routes = routes.map(
      ({ method, path }, index): ModelRoute => ({
        method,
        path,
        handle: async (request, context) => {
          const worker = pool.pick(model) ?? (await pool.wait(model, context))
          return worker.route(model.number, index, request, context)
        },
      }),
    )
  }

  override async predict(request: InferenceRequest, context: RequestContext): Promise<ModelResponse> {
    const worker = this.#pool.pick(this.#model) ?? (await this.#pool.wait(this.#model, context))
    const answer = await worker.predict(this.#model.number, request, context)
    this.latestAnswerMs = answer.answerMs
    return answer
  }

  override async *predictStream(
    requests: AsyncIterable<InferenceRequest>,
    context: RequestContext,
  ): AsyncIterable<ModelResponse> {
    const worker = this.#pool.pick(this.#model) ?? (await this.#pool.wait(this.#model, context))
    yield* worker.predictStream(this.#model.number, requests, context)
  }

  /**
   * Unloads it on every worker, and ends the pool if it was its last model.
   * @throws what the model's own `unload` threw
   */
  override unload(): Promise<void> {
    return this.#pool.release(this.#model)
  }
}
