import { availableParallelism } from 'node:os'
import { type Logger, ServingError } from '@millrace/sdk'
import { createModelCache, type ModelCache, type ModelCacheOptions } from '@millrace/server'
import type { DeployDriver, ServableSpec } from '../../../deploy/index.ts'
import type { ServableDemand } from '../../../gateway/index.ts'
import { DemandedServable } from './demanded-servable.ts'
import { type OnDemandFigure, onDemandFigures } from './on-demand-figures.ts'
import { openServableSizes, type ServableSizes } from './servable-sizes.ts'

export interface OnDemandOptions {
  readonly driver: DeployDriver
  /** What all servables that run may take together. */
  readonly budgetBytes: number
  /** A servable that was not asked for so long is stopped. Default: when others need its memory. */
  readonly idleMs?: number | undefined
  /** Where it is kept what servables have taken. */
  readonly sizesFile: string
  readonly log: Logger
  /** How often what runs is measured. Default 5,000. */
  readonly measureMs?: number | undefined
  /** Between a failed start and the next one; doubles each time up to a minute. Default 1,000. */
  readonly firstRetryMs?: number | undefined
  /** Default: the system's. */
  readonly clock?: ModelCacheOptions['clock']
}

/** Servables that run while somebody needs them, within a budget of memory. */
export interface OnDemandServables {
  /** In place of the one that was given. */
  readonly driver: DeployDriver
  /** For the gateway. */
  readonly demand: ServableDemand
  /** For the server's metrics. */
  readonly figures: readonly OnDemandFigure[]
}

/** What requests have to finish in before a servable that gives way is ended; the gateway's own limit is below it. */
const DRAIN_MS = 65_000
/** Between SIGTERM and SIGKILL. Nothing is inside by then. */
const STOP_GRACE_MS = 10_000
const MEASURE_MS = 5000
const FIRST_RETRY_MS = 1000
const LONGEST_RETRY_MS = 60_000
const FAILURE_EXPIRY_MS = 15 * 60_000
/** Requests that wait for servables. */
const MAX_WAITING = 1000

/**
 * Puts a driver's servables under a budget. A new one is started at once, to see that it serves; from then on it runs when
 * it is asked, and the one not asked for longest gives way. Those that are pinned always run.
 * @throws ServingError UNIMPLEMENTED for a driver whose servables cannot be stopped for a while
 */
export async function createOnDemandServables(options: OnDemandOptions): Promise<OnDemandServables> {
  const { driver, sizesFile, log } = options
  if (driver.deployAsleep === undefined) {
    throw new ServingError(
      'UNIMPLEMENTED',
      'servables cannot be run within --memory-budget here: what runs them cannot stop them for a while',
    )
  }
  const sizes = await openServableSizes(sizesFile, log)
  return new OnDemand(options, sizes)
}

/** One that is to be started without a request. */
interface WantedServable {
  readonly servable: DemandedServable
  /** Starts that have failed before. */
  readonly failures: number
}

class OnDemand implements OnDemandServables {
  readonly driver: DeployDriver
  readonly demand: ServableDemand
  readonly figures: readonly OnDemandFigure[]
  readonly #options: OnDemandOptions
  readonly #sizes: ServableSizes
  readonly #cache: ModelCache
  readonly #servables = new Map<string, DemandedServable>()
  readonly #closing = new AbortController()
  /** Those that are to be started without a request. */
  readonly #wanted: WantedServable[] = []
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #measuring: NodeJS.Timeout
  #starting = 0
  #closed: Promise<void> | undefined

  constructor(options: OnDemandOptions, sizes: ServableSizes) {
    this.#options = options
    this.#sizes = sizes
    this.#cache = this.#createCache()
    const { driver } = options
    this.driver = {
      deploy: spec => this.#deploy(spec),
      cleanUp: () => driver.cleanUp(),
      close: graceMs => (this.#closed ??= this.#close(graceMs)),
    }
    this.demand = {
      wake: (name, { isBackground, signal }) => {
        const servable = this.#servables.get(name)
        if (servable === undefined || servable.stopped.aborted) throw gone(name)
        return this.#cache.ensureLoaded(name, { signal, priority: isBackground ? 'preload' : 'request' })
      },
      entered: (name, isBackground) => {
        if (!isBackground) this.#cache.touch(name)
        this.#servables.get(name)?.entered(isBackground)
      },
      left: name => this.#servables.get(name)?.left(),
    }
    this.figures = onDemandFigures(this.#cache, () => this.#servables.values())
    this.#measuring = setInterval(() => void this.#measure(), options.measureMs ?? MEASURE_MS).unref()
  }

  #createCache(): ModelCache {
    const { budgetBytes, idleMs, log, clock, firstRetryMs = FIRST_RETRY_MS } = this.#options
    const find = (name: string): DemandedServable => {
      const servable = this.#servables.get(name)
      if (servable === undefined) throw gone(name)
      return servable
    }
    return createModelCache(
      {
        isKnown: name => this.#servables.has(name),
        predictBytes: name => this.#sizes.predict(find(name).spec, budgetBytes),
        traitsOf: name => ({ isPinned: find(name).spec.isPinned }),
        isBusy: name => this.#servables.get(name)?.takeBusy() ?? false,
        load: (name, signal) => this.#load(find(name), signal),
        unload: name => this.#unload(this.#servables.get(name)),
      },
      {
        budgetBytes,
        idleMs,
        clock,
        maxLoads: 2 * availableParallelism(),
        maxWaiting: MAX_WAITING,
        unloadTimeoutMs: DRAIN_MS + 3 * STOP_GRACE_MS,
        firstRetryMs,
        longestRetryMs: LONGEST_RETRY_MS,
        failureExpiryMs: FAILURE_EXPIRY_MS,
        words: {
          model: 'Servable',
          budget: 'the memory for servables (--memory-budget)',
          maxWaiting: 'with --memory-budget',
          churnAge: 'with --memory-budget',
        },
        observer: {
          evicted: (servable, because, ageMs, bytes) =>
            log.info('a servable sleeps', {
              servable,
              because,
              lastUsedSeconds: Math.round(ageMs / 1000),
              bytes,
            }),
          loaded: (servable, durationMs, bytes) =>
            log.info('a servable is awake', { servable, durationMs, bytes }),
          loadFailed: (name, error) => this.#servables.get(name)?.failed(error.message),
          unloadFailed: (servable, error, bytes) =>
            log.error('a servable could not be stopped; its memory is lost to the budget', {
              servable,
              bytes,
              error,
            }),
        },
      },
    )
  }

  #deploy(spec: ServableSpec): DemandedServable {
    const { name } = spec
    const hasServed = this.#sizes.hasServed(name)
    const servable: DemandedServable = new DemandedServable(
      this.#options.driver.deployAsleep!(spec),
      hasServed,
      async () => {
        this.#sizes.forget(name)
        await this.#cache.remove(name)
        if (this.#servables.get(name) === servable) this.#servables.delete(name)
      },
    )
    this.#servables.set(name, servable)
    if (!hasServed || spec.isPinned === true) this.#want({ servable, failures: 0 })
    return servable
  }

  async #load(servable: DemandedServable, signal: AbortSignal): Promise<number> {
    const { spec } = servable
    await servable.wake(signal)
    const measured = await servable.usedBytes()
    const bytes = measured > 0 ? measured : this.#sizes.predict(spec, this.#cache.budgetBytes)
    this.#sizes.note(spec, bytes, true)
    return bytes
  }

  async #unload(servable: DemandedServable | undefined): Promise<void> {
    const drained = Promise.withResolvers<void>()
    const drain = () => drained.resolve()
    const timer = setTimeout(drain, DRAIN_MS)
    this.#closing.signal.addEventListener('abort', drain)
    if (this.#closing.signal.aborted) drain()
    await servable?.sleep(drained.promise, STOP_GRACE_MS)
    this.#closing.signal.removeEventListener('abort', drain)
    clearTimeout(timer)
  }

  #want(wanted: WantedServable): void {
    this.#wanted.push(wanted)
    this.#startNext()
  }

  /** A few at a time, so that requests always find room to wait in. */
  #startNext(): void {
    while (this.#starting < availableParallelism()) {
      const wanted = this.#wanted.shift()
      if (wanted === undefined) return
      this.#starting++
      void this.#start(wanted).finally(() => {
        this.#starting--
        this.#startNext()
      })
    }
  }

  async #start({ servable, failures }: WantedServable): Promise<void> {
    const { stopped, spec } = servable
    const isOver = () => stopped.aborted || this.#closing.signal.aborted
    if (isOver()) return
    try {
      await this.#cache.ensureLoaded(spec.name, { signal: stopped })
    } catch (thrown) {
      if (isOver()) return
      const { message, retryAfterMs = 0 } = ServingError.from(thrown, 'it could not be started')
      const { firstRetryMs = FIRST_RETRY_MS } = this.#options
      const delayMs = Math.max(retryAfterMs, Math.min(firstRetryMs * 2 ** failures, LONGEST_RETRY_MS))
      this.#options.log.warn('a servable could not be started; it is tried again', {
        servable: spec.name,
        reason: message.split('\n', 1)[0],
        delayMs,
      })
      if (!servable.isAwake) servable.failed(message)
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        this.#want({ servable, failures: Math.min(failures + 1, 16) })
      }, delayMs).unref()
      this.#timers.add(timer)
    }
  }

  /** What runs may have grown. All of them are measured by one look at the processes. */
  async #measure(): Promise<void> {
    const awake = [...this.#servables.values()].filter(({ isAwake }) => isAwake)
    await Promise.all(
      awake.map(async servable => {
        const bytes = await servable.usedBytes()
        if (bytes === 0 || !servable.isAwake) return
        this.#sizes.note(servable.spec, bytes, false)
        this.#cache.resize(servable.spec.name, bytes)
      }),
    )
  }

  async #close(graceMs: number): Promise<void> {
    this.#closing.abort()
    clearInterval(this.#measuring)
    for (const timer of this.#timers) clearTimeout(timer)
    await Promise.all([this.#cache.close(), this.#options.driver.close(graceMs)])
    await this.#sizes.close()
  }
}

function gone(name: string): ServingError {
  return new ServingError('UNAVAILABLE', `servable ${name} is being stopped`, { retryAfterMs: 1000 })
}
