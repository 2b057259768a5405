/** What goes into a model and comes out of it, as the manager writes it. */
export interface SignatureJson {
  readonly signatureName: string
  readonly inputs: readonly FieldJson[]
  readonly outputs: readonly FieldJson[]
}

/** One named value: a tensor, or a group of further fields. */
export type FieldJson = TensorFieldJson | GroupFieldJson

export interface TensorFieldJson {
  readonly name: string
  readonly dtype: string
  /** Absent or `null`: any shape. Without dims: a scalar. */
  readonly shape?: ShapeJson | null
  readonly profile?: string | null
}

export interface GroupFieldJson {
  readonly name: string
  readonly subfields: readonly FieldJson[]
  readonly shape?: ShapeJson | null
}

export interface ShapeJson {
  readonly dims: readonly number[]
}
