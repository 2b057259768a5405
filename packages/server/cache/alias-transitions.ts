import type { Logger } from '@millrace/sdk'
import type { ModelCache } from './model-cache.ts'
import type { ModelRegister } from './model-register.ts'

/** Moves aliases to their targets once these are loaded; until then, and when that fails, the active model answers. */
export interface AliasTransitions {
  /** Begins what the alias needs now. Call it after each change of an alias, and of a model that one may wait for. */
  advance(id: string): void
  /** Resolves when the alias has moved or failed, or needs nothing. */
  settled(id: string): Promise<void>
  close(): Promise<void>
}

export interface AliasTransitionOptions {
  readonly register: ModelRegister
  readonly cache: ModelCache
  readonly log: Logger
  /** What a target counts as used before anybody has used it, if its active model was not used either. */
  readonly preloadUsedMs: () => number
  /** Until a failed target is tried again; twice as long after each further failure. Default: 1 minute, at most 15. */
  readonly retryAfterMs?: number
}

const RETRY_AFTER_MS = 60_000
const MAX_RETRY_AFTER_MS = 15 * 60_000

/** One target of one alias. */
interface Transition {
  readonly targetId: string
  readonly abort: AbortController
  done: Promise<void>
  failures: number
  /** Set while nothing runs, after a failure. */
  retry: NodeJS.Timeout | null
}

export function createAliasTransitions(options: AliasTransitionOptions): AliasTransitions {
  const { register, cache, log, preloadUsedMs, retryAfterMs = RETRY_AFTER_MS } = options
  const transitions = new Map<string, Transition>()
  const running = new Set<Promise<void>>()
  let isClosed = false

  const drop = (id: string, transition: Transition) => {
    if (transitions.get(id) === transition) transitions.delete(id)
    clearTimeout(transition.retry ?? undefined)
    transition.abort.abort()
  }
  const isWanted = (id: string, { targetId }: Transition) => {
    const alias = register.alias(id)
    return alias !== undefined && alias.targetId === targetId && alias.activeId !== targetId
  }

  const run = async (id: string, transition: Transition) => {
    const { targetId, abort } = transition
    let isLoaded = false
    try {
      await register.markAlias(id, targetId, false)
      const { lastUsedMs } = cache.modelOf(register.alias(id)?.activeId ?? targetId)
      await cache.ensureLoaded(targetId, {
        priority: 'preload',
        // Whether it can be loaded now is what is to be found out, also after a failure.
        isByHand: true,
        // As much in use as what it takes the place of.
        lastUsedMs: Math.max(lastUsedMs, preloadUsedMs()),
        signal: abort.signal,
      })
      if (abort.signal.aborted) return
      const from = register.alias(id)?.activeId
      const isMoving = isWanted(id, transition)
      isLoaded = true
      await register.moveAlias(id, targetId)
      drop(id, transition)
      if (isMoving) log.info('an alias has moved', { alias: id, from, to: targetId })
    } catch (error) {
      if (abort.signal.aborted || !isWanted(id, transition)) return drop(id, transition)
      transition.failures++
      const delayMs = Math.min(retryAfterMs * 2 ** (transition.failures - 1), MAX_RETRY_AFTER_MS)
      const reason = error instanceof Error ? error.message : String(error)
      const problem = isLoaded ? 'an alias could not be moved' : 'the target of an alias could not be loaded'
      log.warn(`${problem}; the active model goes on answering`, {
        alias: id,
        target: targetId,
        reason,
        retryAfterMs: delayMs,
      })
      transition.retry = setTimeout(() => begin(id, transition), delayMs).unref()
      // It is failed all the same if that cannot be written.
      await register.markAlias(id, targetId, true).catch(() => {})
    }
  }
  const begin = (id: string, transition: Transition) => {
    clearTimeout(transition.retry ?? undefined)
    transition.retry = null
    const done = run(id, transition)
    transition.done = done
    running.add(done)
    void done.finally(() => running.delete(done))
  }

  const advance = (id: string) => {
    if (isClosed) return
    const known = transitions.get(id)
    if (known !== undefined) {
      if (isWanted(id, known)) {
        if (known.retry !== null) begin(id, known)
        return
      }
      drop(id, known)
    }
    const alias = register.alias(id)
    if (alias === undefined || alias.activeId === alias.targetId) return
    const transition: Transition = {
      targetId: alias.targetId,
      abort: new AbortController(),
      done: Promise.resolve(),
      failures: 0,
      retry: null,
    }
    transitions.set(id, transition)
    begin(id, transition)
  }

  // Somebody else has had a failed target loaded.
  const stop = cache.onChange(({ id: modelId, state }) => {
    if (state !== 'LOADED') return
    for (const [id, { targetId, retry }] of transitions) {
      if (targetId === modelId && retry !== null) advance(id)
    }
  })
  return {
    advance,
    async settled(id) {
      await transitions.get(id)?.done
    },
    async close() {
      isClosed = true
      stop()
      for (const [id, transition] of transitions) drop(id, transition)
      await Promise.all(running)
    },
  }
}
