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
