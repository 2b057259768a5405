import { type Logger, ServingError } from '@millrace/sdk'
import { createAliasTransitions } from './alias-transitions.ts'
import { createModelRegister } from './create-model-register.ts'
import type { ModelCache } from './model-cache.ts'
import type { LoadWish, MeshModels, ModelMesh } from './model-mesh.ts'
import type { ModelInfo } from './model-register.ts'
import {
  type AliasStatus,
  type ModelStatus,
  NO_ALIAS,
  NO_MODEL,
  refusedStatus,
  statusOf,
} from './model-status.ts'

export interface ModelMeshOptions {
  readonly cache: ModelCache
  readonly models: MeshModels
  /** Where the register is kept; `undefined`: in memory. */
  readonly folder: string | undefined
  /** The name of the setting that names it. */
  readonly setting: string
  /** What copies of models are said to be at. */
  readonly location: string
  /** Whose aliases are that come without an owner; '' for nobody's. */
  readonly defaultOwner: string
  readonly log: Logger
  /** See `AliasTransitionOptions`. */
  readonly retryAfterMs?: number
}

const HOUR_MS = 3_600_000
/** So old that nothing in use is displaced by it. */
const PRELOAD_AGE_MS = HOUR_MS
const REGISTERED_AGE_MS = 6 * HOUR_MS
const MAX_SYNC_MS = 240_000

/**
 * Opens the register, makes its models known, and goes on with transitions that were under way.
 * @throws ServingError FAILED_PRECONDITION when another process has the folder, or it is damaged
 */
export async function createModelMesh(options: ModelMeshOptions): Promise<ModelMesh> {
  const { cache, models, folder, setting, location, defaultOwner, log } = options
  const closing = new AbortController()
  const removals = new Set<Promise<void>>()
  const register = await createModelRegister({
    folder,
    setting,
    log,
    events: {
      onModelAdded: ({ id, info }) => models.add(id, info),
      onModelRemoved({ id }) {
        models.remove(id)
        const removal = cache.remove(id).catch((error: unknown) => {
          log.error('a model that is registered no more could not be unloaded', { model: id, error })
        })
        removals.add(removal)
        void removal.finally(() => removals.delete(removal))
      },
    },
  })
  for (const { id, info } of register.models()) {
    try {
      models.add(id, info)
    } catch (error) {
      // It was one when it was registered: the others are served, and it can be unregistered.
      log.error('a registered model can be served no more', { model: id, error })
    }
  }
  const transitions = createAliasTransitions({
    register,
    cache,
    log,
    preloadUsedMs: () => Date.now() - PRELOAD_AGE_MS,
    ...(options.retryAfterMs === undefined ? {} : { retryAfterMs: options.retryAfterMs }),
  })
  for (const { id } of register.aliases()) transitions.advance(id)

  const isKnown = (id: string) => register.model(id) !== undefined || models.isKnown(id)
  const modelStatus = (id: string) => (isKnown(id) ? statusOf(cache.modelOf(id), location) : NO_MODEL)
  const load = async (id: string, { isSync, lastUsedMs, signal }: LoadWish): Promise<ModelStatus> => {
    const loading = cache.ensureLoaded(id, {
      priority: 'preload',
      lastUsedMs: lastUsedMs === 0 ? Date.now() - PRELOAD_AGE_MS : Math.min(lastUsedMs, Date.now()),
      signal: isSync ? signal : closing.signal,
    })
    if (!isSync) {
      loading.catch((error: unknown) => {
        if (!closing.signal.aborted)
          log.warn('a model could not be loaded ahead of its use', { model: id, error })
      })
      return modelStatus(id)
    }
    try {
      await loading
      return modelStatus(id)
    } catch (error) {
      signal.throwIfAborted()
      const status = modelStatus(id)
      if (status.status === 'LOADING_FAILED' || status.status === 'NOT_FOUND') return status
      const reason = error instanceof Error ? error.message : String(error)
      return refusedStatus(reason, location, Date.now())
    }
  }
  const aliasStatus = (id: string, owner: string): AliasStatus => {
    const alias = register.alias(id)
    if (alias === undefined || (owner !== '' && owner !== alias.owner)) return NO_ALIAS
    const { activeId, targetId, hasFailed } = alias
    const isSettled = activeId === targetId
    const active = modelStatus(activeId)
    return {
      status: isSettled ? 'DEFINED' : hasFailed ? 'TRANSITION_FAILED' : 'TRANSITIONING',
      activeId,
      targetId,
      owner: alias.owner,
      active,
      target: isSettled ? active : modelStatus(targetId),
    }
  }
  const check = (id: string, info: ModelInfo) => {
    if (info.type === '') {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `model '${id}': the type is empty; it must be the format of a model`,
      )
    }
    models.check(id, info)
    if (!models.isTaken(id)) return
    throw new ServingError(
      'ALREADY_EXISTS',
      `Model already exists with different source: '${id}' is a model of the repository`,
    )
  }

  return {
    modelStatus,
    aliasStatus,
    isKnown,
    model: id => register.model(id),
    models: () => register.models(),
    alias: id => register.alias(id),
    aliases: () => register.aliases(),
    async registerModel(wish) {
      const { id, info, loadsNow, lastUsedMs } = wish
      check(id, info)
      const ageMs = loadsNow ? PRELOAD_AGE_MS : REGISTERED_AGE_MS
      const usedMs = lastUsedMs === 0 ? Date.now() - ageMs : Math.min(lastUsedMs, Date.now())
      await register.register({ id, info, lastUsedMs: usedMs, isAutoDeleted: false })
      return loadsNow ? load(id, wish) : modelStatus(id)
    },
    unregisterModel: id => register.unregister(id),
    async ensureLoaded(id, wish) {
      return isKnown(id) ? load(id, wish) : NO_MODEL
    },
    async setAlias(wish) {
      const { id, targetId, info, isForced, isSync, loadsNow, signal } = wish
      checkAlias(id, targetId)
      if (info !== undefined) check(targetId, info)
      const isNew = register.alias(id) === undefined
      const ageMs = loadsNow ? PRELOAD_AGE_MS : REGISTERED_AGE_MS
      await register.setAlias({
        id,
        targetId,
        target:
          info === undefined
            ? undefined
            : { info, lastUsedMs: Date.now() - ageMs, isAutoDeleted: wish.isTargetAutoDeleted },
        owner: wish.owner === '' && isNew ? defaultOwner : wish.owner,
        isUpdateOnly: wish.isUpdateOnly,
        expectedTargetId: wish.expectedTargetId,
        isTargetKnown: isKnown(targetId),
        movesAtOnce: activeId =>
          isForced || !hasCopy(cache, activeId) || cache.modelOf(targetId).state === 'LOADED',
      })
      transitions.advance(id)
      if (loadsNow && register.alias(id)?.activeId === targetId)
        await load(targetId, { isSync, lastUsedMs: 0, signal })
      if (isSync) await within(transitions.settled(id), signal)
      return aliasStatus(id, wish.owner)
    },
    async deleteAlias(id, owner) {
      await register.deleteAlias(id, owner)
      transitions.advance(id)
    },
    async close() {
      closing.abort(new ServingError('UNAVAILABLE', 'the server is stopping'))
      await transitions.close()
      await register.close()
    },
  }
}

function hasCopy(cache: ModelCache, id: string): boolean {
  const { state } = cache.modelOf(id)
  return state === 'LOADED' || state === 'LOADING'
}

/** Aliases stand where models' names do. */
const MAX_ALIAS_LENGTH = 256

function checkAlias(id: string, targetId: string): void {
  if (id === '') throw new ServingError('INVALID_ARGUMENT', 'the vModelId is empty; it must name the vmodel')
  if (targetId === '') {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `vmodel '${id}': the targetModelId is empty; it must name a model`,
    )
  }
  if (id.length > MAX_ALIAS_LENGTH) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `the vModelId has ${id.length} characters, allowed are ${MAX_ALIAS_LENGTH}`,
    )
  }
  if (/\p{Cc}/u.test(id) || !id.isWellFormed()) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `the vModelId ${JSON.stringify(id)} must not have control characters`,
    )
  }
}

/** Waits until the signal or the longest time that a caller may wait; an end by time is no error. */
async function within(settled: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, MAX_SYNC_MS)
  const onAbort = () => reject(signal.reason as Error)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await Promise.race([settled, promise])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    resolve()
  }
}
