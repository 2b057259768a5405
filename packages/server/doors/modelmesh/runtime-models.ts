import { ServingError } from '@millrace/sdk'
import type { ModelRegistry } from '../../lifecycle/index.ts'
import type { MeshModelInfo, MeshModels } from '../../repository/index.ts'

/** Models that a mesh has loaded here, from its first word about them until they are gone. */
export interface RuntimeModels {
  /**
   * Loads a model; one that is loaded already is left as it is. When all who wait for a load have given up, it ends, and
   * nothing is left of it.
   * @throws ServingError INVALID_ARGUMENT and FAILED_PRECONDITION for what cannot be loaded, ALREADY_EXISTS for a name of
   * the server's own models; the signal's reason
   */
  load(id: string, info: MeshModelInfo, signal: AbortSignal): Promise<void>
  /**
   * Ends a load that runs, and unloads what is loaded. Resolves when its memory is free.
   * @throws ServingError NOT_FOUND for what is not loaded and is not loading
   */
  unload(id: string): Promise<void>
  /**
   * Resolves when the model has loaded.
   * @throws ServingError NOT_FOUND for what is not loaded and is not loading; what the load throws
   */
  loaded(id: string, signal: AbortSignal): Promise<void>
  /** Unloads everything. */
  purge(): Promise<void>
}

export interface RuntimeModelsOptions {
  readonly registry: Pick<ModelRegistry, 'load' | 'unload' | 'loaded' | 'forget'>
  readonly models: Pick<MeshModels, 'add' | 'remove'>
}

/** One model on its way: loading, loaded, or unloading. */
interface Held {
  readonly info: MeshModelInfo
  readonly ended: AbortController
  /** Rejects when nothing is left of a load that failed. */
  loading: Promise<void>
  isLoaded: boolean
  waiting: number
  unloading: Promise<void> | null
}

export function createRuntimeModels({ registry, models }: RuntimeModelsOptions): RuntimeModels {
  const all = new Map<string, Held>()

  const discard = async (id: string): Promise<void> => {
    try {
      await registry.unload(id)
    } catch (error) {
      // A load that failed has left nothing.
      if (!ServingError.is(error) || error.code !== 'NOT_FOUND') throw error
    } finally {
      models.remove(id)
      registry.forget(id)
    }
  }
  const forget = (id: string, held: Held) => {
    if (all.get(id) === held) all.delete(id)
  }
  const begin = (id: string, info: MeshModelInfo): Held => {
    if (isLoadedElsewhere(registry, id)) {
      throw new ServingError(
        'ALREADY_EXISTS',
        `model ${id} is one of this server's own; unload it, or call the mesh's by another id`,
      )
    }
    models.add(id, info)
    const ended = new AbortController()
    const load = async () => {
      try {
        await registry.load(id, { signal: ended.signal })
        ended.signal.throwIfAborted()
        held.isLoaded = true
      } catch (error) {
        await discard(id)
        forget(id, held)
        throw ofLoad(id, error)
      }
    }
    const held: Held = {
      info,
      ended,
      loading: Promise.resolve(),
      isLoaded: false,
      waiting: 0,
      unloading: null,
    }
    all.set(id, held)
    held.loading = load()
    // Everybody may have given up by the time it fails.
    held.loading.catch(ignore)
    return held
  }
  const wait = async (held: Held, signal: AbortSignal): Promise<void> => {
    held.waiting++
    try {
      await unlessAborted(held.loading, signal)
    } finally {
      held.waiting--
      if (held.waiting === 0 && !held.isLoaded && signal.aborted) held.ended.abort(signal.reason)
    }
  }
  const unloadHeld = async (id: string, held: Held): Promise<void> => {
    held.ended.abort(new ServingError('CANCELLED', `model ${id} was unloaded while it loaded`))
    await held.loading.catch(ignore)
    if (held.isLoaded) await discard(id)
    forget(id, held)
  }
  const unload = async (id: string): Promise<void> => {
    const held = all.get(id)
    if (held === undefined) throw notLoaded(id)
    held.unloading ??= unloadHeld(id, held)
    await held.unloading
  }

  return {
    async load(id, info, signal) {
      signal.throwIfAborted()
      for (let held = all.get(id); held !== undefined; held = all.get(id)) {
        // What goes is waited for: a mesh loads again what it has just unloaded.
        if (held.unloading !== null) await unlessAborted(held.unloading, signal)
        else if (held.ended.signal.aborted) await unlessAborted(held.loading.catch(ignore), signal)
        else if (isSame(held.info, info)) return wait(held, signal)
        else {
          throw new ServingError(
            'FAILED_PRECONDITION',
            `model ${id} is loaded from another path, or with another type or key; unload it first`,
          )
        }
      }
      return wait(begin(id, info), signal)
    },
    unload,
    async loaded(id, signal) {
      const held = all.get(id)
      if (held === undefined || held.unloading !== null) throw notLoaded(id)
      await wait(held, signal)
    },
    async purge() {
      await Promise.all(Array.from(all.keys(), unload))
    },
  }
}

/** A model of the repository's own, which no mesh may replace. */
function isLoadedElsewhere(registry: Pick<ModelRegistry, 'loaded'>, id: string): boolean {
  if (id === '') return false
  try {
    return registry.loaded(id, undefined).length > 0
  } catch {
    return false
  }
}

/** NOT_FOUND means to a mesh that it should ask again; that of a load is about something else. */
function ofLoad(id: string, error: unknown): unknown {
  if (!ServingError.is(error) || error.code !== 'NOT_FOUND') return error
  return new ServingError('FAILED_PRECONDITION', `model ${id} cannot be loaded: ${error.message}`, {
    cause: error,
  })
}

function notLoaded(id: string): ServingError {
  return new ServingError('NOT_FOUND', `Model ${id} not found`)
}

function isSame(a: MeshModelInfo, b: MeshModelInfo): boolean {
  return a.type === b.type && a.path === b.path && a.key === b.key
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

function ignore(): void {}
