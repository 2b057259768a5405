import type { Alias, ModelInfo, RegisteredModel } from './model-register.ts'
import type { AliasStatus, ModelStatus } from './model-status.ts'

/** Where registered models are made known, so that they can be loaded; the wiring stands it on the repository. */
export interface MeshModels {
  /** @throws ServingError INVALID_ARGUMENT for what cannot be a model */
  check(id: string, info: ModelInfo): void
  add(id: string, info: ModelInfo): void
  remove(id: string): void
  /** Whether a model of that name is served that is not registered. */
  isTaken(id: string): boolean
  /** Whether there is such a model that is not registered. */
  isKnown(id: string): boolean
}

export interface LoadWish {
  /** Waits until it is loaded, or has failed. */
  readonly isSync: boolean
  /** When it was last used, in milliseconds of the epoch; 0 for an hour ago, so that it displaces nothing in use. */
  readonly lastUsedMs: number
  readonly signal: AbortSignal
}

export interface RegisterWish extends LoadWish {
  readonly id: string
  readonly info: ModelInfo
  readonly loadsNow: boolean
}

export interface AliasWish {
  readonly id: string
  readonly targetId: string
  /** Registers the target if it is not there. */
  readonly info: ModelInfo | undefined
  readonly isTargetAutoDeleted: boolean
  readonly isUpdateOnly: boolean
  /** Moves at once, whether the target is loaded or not. */
  readonly isForced: boolean
  readonly loadsNow: boolean
  /** Waits until the alias has moved or failed, 4 minutes at most. */
  readonly isSync: boolean
  readonly expectedTargetId: string
  readonly owner: string
  readonly signal: AbortSignal
}

/** Registered models and their aliases, together with the cache that loads them: what ModelMesh is asked to manage. */
export interface ModelMesh {
  /** Of a register with a folder, resolves when it is on the disk. A load that fails is told in the status. */
  registerModel(wish: RegisterWish): Promise<ModelStatus>
  /** Does not wait for running requests, after which it is unloaded. */
  unregisterModel(id: string): Promise<void>
  modelStatus(id: string): ModelStatus
  ensureLoaded(id: string, wish: LoadWish): Promise<ModelStatus>
  setAlias(wish: AliasWish): Promise<AliasStatus>
  deleteAlias(id: string, owner: string): Promise<void>
  /** @param owner '' for any */
  aliasStatus(id: string, owner: string): AliasStatus
  model(id: string): RegisteredModel | undefined
  models(): Iterable<RegisteredModel>
  /** On the path of every request. */
  alias(id: string): Alias | undefined
  aliases(): Iterable<Alias>
  /** Whether there is such a model, registered or not. */
  isKnown(id: string): boolean
  close(): Promise<void>
}
