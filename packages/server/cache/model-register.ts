/** Where a registered model comes from, in the words of ModelMesh. */
export interface ModelInfo {
  readonly type: string
  readonly path: string
  /** JSON, or empty. */
  readonly key: string
}

export interface RegisteredModel {
  readonly id: string
  readonly info: ModelInfo
  /** Milliseconds of the epoch, as of its registration. */
  readonly lastUsedMs: number
  /** Removed with the last alias that refers to it. */
  readonly isAutoDeleted: boolean
}

/** A name that clients use, and that moves from model to model (a vmodel of ModelMesh). */
export interface Alias {
  readonly id: string
  readonly owner: string
  /** The model that answers. */
  readonly activeId: string
  /** The model that shall answer; the same as `activeId` when nothing is under way. */
  readonly targetId: string
  /** The target could not be loaded. */
  readonly hasFailed: boolean
}

export interface AliasDemand {
  readonly id: string
  readonly targetId: string
  /** Registers the target if it is not there. */
  readonly target?: Omit<RegisteredModel, 'id'> | undefined
  /** '' leaves the owner of an alias as it is. */
  readonly owner: string
  readonly isUpdateOnly: boolean
  /** The target that the alias must have; '' for any. */
  readonly expectedTargetId: string
  /** Asked for an alias that has another active model: may it move at once? */
  readonly movesAtOnce: (activeId: string) => boolean
  /** Whether there is such a model, be it outside of the register. */
  readonly isTargetKnown: boolean
}

/**
 * Which models are registered, and the aliases that refer to them. It changes at once for whoever reads; who changes it
 * is answered when that is on the disk. Each change is whole or not at all, references and removals included. One that
 * cannot be written is taken back, with all that came after it, and whoever made them is told UNAVAILABLE.
 */
export interface ModelRegister {
  model(id: string): RegisteredModel | undefined
  alias(id: string): Alias | undefined
  models(): Iterable<RegisteredModel>
  aliases(): Iterable<Alias>
  /** How many aliases have the model as active or as target. */
  referencesTo(id: string): number
  /**
   * Registers a model; the same one again changes nothing.
   * @throws ServingError ALREADY_EXISTS if it is there and comes from elsewhere; RESOURCE_EXHAUSTED when the register is full
   */
  register(model: RegisteredModel): Promise<void>
  /**
   * Removes a model; without one nothing happens.
   * @throws ServingError FAILED_PRECONDITION while an alias refers to it
   */
  unregister(id: string): Promise<void>
  /**
   * Makes an alias, or gives it another target.
   * @throws ServingError NOT_FOUND for an unknown target, or an unknown alias that is only to be updated; ALREADY_EXISTS for
   * another owner's alias or a target that comes from elsewhere; FAILED_PRECONDITION for another expected target
   */
  setAlias(demand: AliasDemand): Promise<void>
  /** Moves an alias to its target, if that is still `targetId`. Settles when it is on the disk; requests see it at once. */
  moveAlias(id: string, targetId: string): Promise<void>
  /** Notes that the target cannot be loaded, or that it is being tried again. */
  markAlias(id: string, targetId: string, hasFailed: boolean): Promise<void>
  /** Removes an alias. An unknown one, or that of another owner, stays as it is. */
  deleteAlias(id: string, owner: string): Promise<void>
  /** Waits for what is being written. */
  close(): Promise<void>
}

/** What the register tells of each change, in the same turn. */
export interface RegisterEvents {
  readonly onModelAdded: (model: RegisteredModel) => void
  readonly onModelRemoved: (model: RegisteredModel) => void
}
