import type { CachedModel, CachedState } from './model-cache.ts'

/** In the words of ModelMesh. */
export type ModelStatusName = 'NOT_FOUND' | 'NOT_LOADED' | 'LOADING' | 'LOADED' | 'LOADING_FAILED'
export type AliasStatusName = 'NOT_FOUND' | 'DEFINED' | 'TRANSITIONING' | 'TRANSITION_FAILED'

export interface ModelStatus {
  readonly status: ModelStatusName
  /** Why it could not be loaded; none of anything else. */
  readonly errors: readonly string[]
  /** None, or the one that this server has. */
  readonly copies: readonly ModelCopy[]
}

export interface ModelCopy {
  /** Where it is: the name of this host. */
  readonly location: string
  readonly status: ModelStatusName
  /** Since when, in milliseconds of the epoch. */
  readonly timeMs: number
}

export interface AliasStatus {
  readonly status: AliasStatusName
  /** '' for an alias that is not there, as are the following. */
  readonly activeId: string
  readonly targetId: string
  readonly owner: string
  readonly active: ModelStatus | undefined
  readonly target: ModelStatus | undefined
}

export const NO_MODEL: ModelStatus = { status: 'NOT_FOUND', errors: [], copies: [] }
export const NO_ALIAS: AliasStatus = {
  status: 'NOT_FOUND',
  activeId: '',
  targetId: '',
  owner: '',
  active: undefined,
  target: undefined,
}

const STATUS: Readonly<Record<CachedState, ModelStatusName>> = {
  NOT_LOADED: 'NOT_LOADED',
  QUEUED: 'LOADING',
  LOADING: 'LOADING',
  LOADED: 'LOADED',
  UNLOADING: 'NOT_LOADED',
  FAILED: 'LOADING_FAILED',
}

/** What the cache knows of a model that is there. */
export function statusOf({ state, sinceMs, reason }: CachedModel, location: string): ModelStatus {
  const status = STATUS[state]
  if (status === 'NOT_LOADED') return { status, errors: [], copies: [] }
  return {
    status,
    errors: status === 'LOADING_FAILED' ? [reason] : [],
    copies: [{ location, status, timeMs: sinceMs }],
  }
}

/** Of a model whose load was refused before the cache had anything of it to remember. */
export function refusedStatus(reason: string, location: string, nowMs: number): ModelStatus {
  const status = 'LOADING_FAILED'
  return { status, errors: [reason], copies: [{ location, status, timeMs: nowMs }] }
}
