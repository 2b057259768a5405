import { RemoteModel } from '../workers/index.ts'
import type { ModelInstance } from './model-instance.ts'

/** The states of the model repository extension. */
export type ModelState = 'UNKNOWN' | 'LOADING' | 'READY' | 'UNLOADING' | 'UNAVAILABLE'

/** What the registry knows of one version of one model, loaded or not. */
export interface ModelEntry {
  readonly name: string
  readonly version: string | undefined
  /** What answers requests; `null` until the first load has succeeded, and after an unload. */
  instance: ModelInstance | null
  isLoading: boolean
  isUnloading: boolean
  /** What the latest load said; see {@link reasonOf}. */
  reason: string
}

export function stateOf(entry: ModelEntry): ModelState {
  if (entry.isUnloading) return 'UNLOADING'
  // A reload leaves the old instance serving, so it stays READY.
  if (entry.instance !== null) return entry.instance.bound.model.isReady ? 'READY' : 'UNAVAILABLE'
  return entry.isLoading ? 'LOADING' : 'UNAVAILABLE'
}

/** The reason of a model that loads and says that it cannot answer yet. */
export const LOADED_UNREADY = 'Its load() answered false.'

/** Why a model is not READY, or why its latest reload failed; '' if all is well. */
export function reasonOf({ instance, reason }: ModelEntry): string {
  // It may have become ready since.
  if (reason === LOADED_UNREADY && instance?.bound.model.isReady === true) return ''
  if (reason !== '' || instance === null) return reason
  const { model } = instance.bound
  return model instanceof RemoteModel ? model.reason : ''
}

/** A version of a model as a key of maps; no version and an empty one are the same. */
export function keyOf(name: string, version: string | undefined): string {
  return JSON.stringify([name, version ?? ''])
}
