import { type BoundModel, type LoadContext, ServingError } from '@millrace/sdk'
import type { ModelVersionSettings } from '../repository/index.ts'
import { type LoadedCopies, statedBytes } from '../workers/index.ts'
import type { ModelMemory, ModelSizes } from './model-sizes.ts'
import { type Hosts, type PlacedModel, type Placement, placeModel } from './placement.ts'

/**
 * One loaded model version: what answers requests. Reloading makes a new instance beside the old
 * one; an instance never changes its code or settings.
 */
export interface ModelInstance {
  readonly settings: ModelVersionSettings
  /** What answers: the model, with whatever schedules its requests before it. */
  readonly bound: BoundModel
  readonly placement: Placement
  /** True if requests are joined into batches. */
  readonly isBatched: boolean
  /** What loading took, warm-up included. */
  readonly loadMs: number
  /** What it takes on all its workers together, or what each of its copies takes; as of its load. */
  readonly memory: ModelMemory
  /** Null for a model that is in the server, or on every worker. */
  readonly copies: LoadedCopies | null
  /** Takes part in draining: every `enter` is followed by one `leave`. */
  enter(): void
  leave(): void
  /** Requests that are inside the model now, those included whose client has given up. */
  readonly activeCount: number
  /**
   * Waits until nothing is inside, then for the model's `unload`, for at most `graceMs` together. The
   * model is told to unload in any case.
   * @throws what the model's `unload` throws in that time
   */
  retire(graceMs: number): Promise<void>
  /** Settles when it has been retired and its `unload` has ended, however long that took; with what that throws. */
  readonly gone: Promise<void>
}

/** A model with what puts its requests in order. */
export interface ScheduledModel {
  readonly bound: BoundModel
  readonly isBatched: boolean
  /** Gives up what still waits; what runs may end. */
  close(): void
}

export interface InstanceOptions extends Hosts {
  readonly loadTimeoutMs: number
  /** Brings the model's artefact onto this machine; what it answers has a local `uri`. Default: it is there. */
  readonly stage?: (settings: ModelVersionSettings, context: LoadContext) => Promise<ModelVersionSettings>
  /** Chosen once for each model, when it has loaded. */
  readonly schedule: (placed: PlacedModel, settings: ModelVersionSettings) => ScheduledModel
  readonly sizes: ModelSizes
}

/**
 * Makes and loads a model. One that is given up, because it takes longer than `loadTimeoutMs` or the
 * context's signal is aborted, is unloaded should it ever finish loading.
 * @param onGivenUp is told when nothing is left of a load that was given up
 * @throws ServingError whatever the author's code threw becomes INTERNAL with its own text: loading
 * is asked for by operators, who need to read it.
 */
export async function createInstance(
  settings: ModelVersionSettings,
  context: LoadContext,
  options: InstanceOptions,
  onGivenUp: (gone: Promise<void>) => void = ignore,
): Promise<ModelInstance> {
  const startedMs = performance.now()
  const loadTimeoutMs = settings.loadTimeoutMs ?? options.loadTimeoutMs
  const expired = AbortSignal.timeout(loadTimeoutMs)
  const signal = AbortSignal.any([context.signal, expired])
  signal.throwIfAborted()
  let staged = settings
  let measuring: Promise<ModelMemory> | undefined
  const stageAndPlace = async () => {
    if (options.stage !== undefined) staged = await options.stage(settings, { ...context, signal })
    const placing = placeModel(staged, { ...context, signal }, options)
    measuring = options.sizes.measure(
      staged,
      placing.then(({ memory }) => memory),
    )
    // That the load has failed is said by the load.
    measuring.catch(ignore)
    return placing
  }
  const loading = stageAndPlace()
  try {
    const placed = await unlessAborted(loading, signal)
    const loadMs = performance.now() - startedMs
    const memory = await measuring!
    const scheduled = options.schedule(placed, staged)
    return instanceOf(staged, placed, scheduled, { loadMs, memory })
  } catch (error) {
    if (signal.aborted) onGivenUp(loading.then(unload).catch(ignore))
    if (error === expired.reason) throw loadTooSlow(settings, loadTimeoutMs)
    if (ServingError.is(error)) throw error
    const text = error instanceof Error ? error.message : String(error)
    throw new ServingError('INTERNAL', `Model ${settings.name} failed to load: ${text}`, { cause: error })
  }
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

function loadTooSlow(settings: ModelVersionSettings, timeoutMs: number): ServingError {
  const setting = settings.loadTimeoutMs === undefined ? 'model_load_timeout' : "the model's load_timeout"
  return new ServingError(
    'DEADLINE_EXCEEDED',
    `Model ${settings.name} failed to load: it took longer than ${timeoutMs / 1000} s (${setting})`,
  )
}

/** A model that somebody else has made and loaded; it runs in the server. */
export function hostInstance(settings: ModelVersionSettings, bound: BoundModel): ModelInstance {
  const placement: Placement = { place: 'server', reason: 'it is hosted', answerMs: undefined }
  const bytes = statedBytes(bound.model)
  const loaded = { statedBytes: bytes, grownBytes: undefined }
  return instanceOf(
    settings,
    { bound, placement, memory: loaded },
    { bound, isBatched: false, close() {} },
    { loadMs: 0, memory: { bytes: bytes ?? 0, measuredBy: 'runtime' } },
  )
}

function instanceOf(
  settings: ModelVersionSettings,
  placed: PlacedModel,
  scheduled: ScheduledModel,
  { loadMs, memory }: Pick<ModelInstance, 'loadMs' | 'memory'>,
): ModelInstance {
  const { bound, isBatched } = scheduled
  const { placement, copies = null } = placed
  let activeCount = 0
  let onIdle: (() => void) | null = null
  const gone = Promise.withResolvers<void>()
  // Whoever retires it learns of its failure in any case.
  gone.promise.catch(ignore)
  return {
    settings,
    bound,
    placement,
    isBatched,
    loadMs,
    memory,
    copies,
    gone: gone.promise,
    get activeCount() {
      return activeCount
    },
    enter() {
      activeCount++
    },
    leave() {
      activeCount--
      if (activeCount === 0) onIdle?.()
    },
    async retire(graceMs) {
      const { promise: expired, resolve: expire } = Promise.withResolvers<void>()
      const timer = setTimeout(expire, graceMs)
      try {
        if (activeCount > 0) {
          const { promise: idle, resolve } = Promise.withResolvers<void>()
          onIdle = resolve
          await Promise.race([idle, expired])
        }
        scheduled.close()
        const unloading = unload(placed)
        unloading.then(gone.resolve, gone.reject)
        await Promise.race([unloading, expired])
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

async function unload({ bound: { model }, release }: PlacedModel): Promise<void> {
  try {
    await model.unload?.()
  } finally {
    await release?.()
  }
}

function ignore(): void {}
