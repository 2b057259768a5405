import { type BoundModel, bindModel, type LoadContext, type ModelSettings, ServingError } from '@millrace/sdk'
import { loadImplementation } from '../repository/index.ts'

/**
 * One loaded model version: what answers requests. Reloading makes a new instance beside the old
 * one; an instance never changes its code or settings.
 */
export interface ModelInstance {
  readonly settings: ModelSettings
  readonly bound: BoundModel
  /** Takes part in draining: every `enter` is followed by one `leave`. */
  enter(): void
  leave(): void
  /** Requests that are inside the model now, those included whose client has given up. */
  readonly activeCount: number
  /** Waits until nothing is inside, at most `graceMs`, then calls the model's `unload`. */
  retire(graceMs: number): Promise<void>
}

/**
 * Makes and loads a model.
 * @throws ServingError whatever the author's code threw becomes INTERNAL with its own text: loading
 * is asked for by operators, who need to read it.
 */
export async function createInstance(
  settings: ModelSettings,
  context: LoadContext,
  loadTimeoutMs: number,
): Promise<ModelInstance> {
  try {
    const Implementation = await loadImplementation(settings)
    const model = new Implementation(settings)
    const loaded =
      model.load === undefined ? true : await withTimeout(model.load(context), context, loadTimeoutMs)
    if (loaded === false) model.isReady = false
    return instanceOf(settings, bindModel(model))
  } catch (error) {
    if (ServingError.is(error)) throw error
    const text = error instanceof Error ? error.message : String(error)
    throw new ServingError('INTERNAL', `Model ${settings.name} failed to load: ${text}`, { cause: error })
  }
}

async function withTimeout<T>(loading: T | Promise<T>, context: LoadContext, timeoutMs: number): Promise<T> {
  const timeout = AbortSignal.timeout(timeoutMs)
  const { promise: expired, reject } = Promise.withResolvers<never>()
  const expire = () =>
    reject(
      new ServingError(
        'DEADLINE_EXCEEDED',
        `loading took longer than ${timeoutMs / 1000} s (model_load_timeout)`,
      ),
    )
  const stop = () => reject(context.signal.reason)
  timeout.addEventListener('abort', expire)
  context.signal.addEventListener('abort', stop)
  try {
    return await Promise.race([loading, expired])
  } finally {
    timeout.removeEventListener('abort', expire)
    context.signal.removeEventListener('abort', stop)
  }
}

function instanceOf(settings: ModelSettings, bound: BoundModel): ModelInstance {
  let activeCount = 0
  let onIdle: (() => void) | null = null
  return {
    settings,
    bound,
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
      if (activeCount > 0) {
        const { promise: idle, resolve } = Promise.withResolvers<void>()
        onIdle = resolve
        const timer = setTimeout(resolve, graceMs)
        await idle
        clearTimeout(timer)
      }
      await bound.model.unload?.()
    },
  }
}
