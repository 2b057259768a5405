import { randomUUID } from 'node:crypto'
import { type LoadContext, ServingError } from '@millrace/sdk'
import type { ServerLogger } from '../base/index.ts'
import type { ModelVersionSettings } from '../repository/index.ts'
import type { Environment, Environments } from './environments.ts'
import type { RemoteModel } from './remote-model.ts'
import type { WorkerKind } from './start-worker.ts'
import { WorkerPool } from './worker-pool.ts'
import type { WorkerStatistics } from './worker-statistics.ts'

/** Where models run that do not run in the server's own thread. */
export interface WorkerPools {
  readonly kind: WorkerKind
  /**
   * Loads a model version on every worker of its pool, or on one of them. Models share a pool unless `parameters` gives them an
   * environment (`environment_path`, `environment_tarball`) or a pool of their own (`inference_pool_gid`,
   * `autogenerate_inference_pool_gid`). Its log lines and metrics go where the context's go.
   *
   * When `context.signal` is aborted, every worker lets go of the model; one that does not answer for
   * `stopTimeoutMs` is ended and replaced.
   * @throws what its load threw in the worker; ServingError INVALID_ARGUMENT for an environment that cannot be
   * used; the reason of the context's signal
   */
  load(settings: ModelVersionSettings, context: LoadContext): Promise<RemoteModel>
  /** Every worker; one that is too busy to answer says so. */
  statistics(): Promise<readonly WorkerStatistics[]>
  /** Ends all workers: at once those that are idle, after `graceMs` the others. Nothing is loaded any more. */
  close(graceMs: number): Promise<void>
}

export interface WorkerPoolsOptions {
  /** Workers of each pool, at least 1. */
  readonly workerCount: number
  readonly kind: WorkerKind
  /** How long a worker may not answer, where it must, before it is ended. */
  readonly stopTimeoutMs: number
  /** How long a replaced worker may take to load a model whose settings do not say. */
  readonly loadTimeoutMs: number
  /** Requests that may wait in each pool while it has no worker. Default 1000. */
  readonly maxWaitingRequests?: number
  /**
   * A model begins with one copy, and has more when it is told so (`RemoteModel.copies`); one that goes may finish its
   * requests for so long. Default: every worker has every model.
   */
  readonly copies?: { readonly drainTimeoutMs: number } | undefined
  readonly environments: Environments
  readonly log: ServerLogger
  /** A worker has joined or ended, or a model has become ready or unready. */
  readonly onChange?: () => void
  /** A request goes to a worker, which has this many now; must not throw. */
  readonly onDispatch?: (inFlight: number) => void
}

export function createWorkerPools(options: WorkerPoolsOptions): WorkerPools {
  const { workerCount } = options
  if (!Number.isInteger(workerCount) || workerCount < 1) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `${workerCount} is not a number of workers; at least 1 is needed`,
    )
  }
  return new Pools(options)
}

interface OpenPool {
  readonly pool: WorkerPool
  readonly environment: Environment | null
  /** Loads on their way: a pool is not ended under them. */
  loading: number
}

class Pools implements WorkerPools {
  readonly #options: WorkerPoolsOptions
  readonly #environments: Environments
  readonly #pools = new Map<string, OpenPool>()
  readonly #ending = new Set<Promise<void>>()
  #isClosed = false

  constructor(options: WorkerPoolsOptions) {
    this.#options = options
    this.#environments = options.environments
  }

  get kind(): WorkerKind {
    return this.#options.kind
  }

  async load(settings: ModelVersionSettings, context: LoadContext): Promise<RemoteModel> {
    context.signal.throwIfAborted()
    const group = groupOf(settings)
    const environment = await this.#environments.acquire(settings, context.signal)
    const key = JSON.stringify([environment?.key ?? null, group ?? null])
    let open = this.#pools.get(key)
    try {
      if (this.#isClosed) throw new ServingError('UNAVAILABLE', 'the server is stopping')
      if (open === undefined) {
        open = { pool: this.#createPool(key, environment, group), environment, loading: 0 }
        this.#pools.set(key, open)
      }
      open.loading++
      try {
        return await open.pool.load(settings, context)
      } finally {
        open.loading--
        await this.#endIfEmpty(key)
      }
    } finally {
      // The pool that was made for it keeps it.
      if (environment !== null && open?.environment !== environment)
        await this.#environments.release(environment)
    }
  }

  async statistics(): Promise<readonly WorkerStatistics[]> {
    const pools = Array.from(this.#pools.values(), ({ pool }) => pool.statistics())
    return (await Promise.all(pools)).flat()
  }

  async close(graceMs: number): Promise<void> {
    this.#isClosed = true
    const ended = Array.from(this.#pools.keys(), key => this.#end(key, graceMs))
    await Promise.all([...ended, ...this.#ending])
  }

  #createPool(key: string, environment: Environment | null, group: string | undefined): WorkerPool {
    const { onChange, onDispatch, maxWaitingRequests, ...options } = this.#options
    const { workerCount, kind, stopTimeoutMs, loadTimeoutMs, copies, log } = options
    return new WorkerPool({
      name: [environment?.name, group].filter(part => part !== undefined).join('-') || 'default',
      kind,
      workerCount,
      environmentFolder: environment?.folder,
      stopTimeoutMs,
      loadTimeoutMs,
      maxWaitingRequests: maxWaitingRequests ?? DEFAULT_MAX_WAITING,
      copies,
      log,
      onChange: () => onChange?.(),
      onDispatch: onDispatch ?? ignore,
      onEmpty: () => this.#endIfEmpty(key),
    })
  }

  async #endIfEmpty(key: string): Promise<void> {
    const open = this.#pools.get(key)
    if (open === undefined || open.loading > 0 || !open.pool.isEmpty) return
    await this.#end(key, this.#options.stopTimeoutMs)
  }

  /** Forgotten first: whoever loads meanwhile gets a pool of its own. */
  #end(key: string, graceMs: number): Promise<void> {
    const open = this.#pools.get(key)
    if (open === undefined) return Promise.resolve()
    this.#pools.delete(key)
    const ended = open.pool.close(graceMs).then(async () => {
      if (open.environment !== null) await this.#environments.release(open.environment)
    })
    this.#ending.add(ended)
    const forget = (): void => void this.#ending.delete(ended)
    ended.then(forget, forget)
    return ended
  }
}

const DEFAULT_MAX_WAITING = 1000

/** What `parameters` says about the pool; undefined for the pool that models share. */
function groupOf({ name, parameters }: ModelVersionSettings): string | undefined {
  const { inference_pool_gid: group, autogenerate_inference_pool_gid: isOwn } = parameters
  if (group !== undefined && group !== null && typeof group !== 'string') {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `model ${name}: inference_pool_gid ${JSON.stringify(group)} is not a text`,
    )
  }
  return group || (isOwn === true ? randomUUID() : undefined)
}

function ignore(): void {}
