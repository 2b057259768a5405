/** A function of a model as the manager's JSON shows it, and as it is stored. */
export interface ModelSignature {
  readonly signatureName: string
  readonly inputs: readonly SignatureField[]
  readonly outputs: readonly SignatureField[]
}

/** One named value: a tensor, or a group of further fields. */
export type SignatureField = SignatureTensor | SignatureGroup

export interface SignatureTensor {
  readonly name: string
  /** `DT_DOUBLE` and the like. */
  readonly dtype: string
  /** `null` for any shape, `{ dims: [] }` for a single value; -1 stands for any extent. */
  readonly shape: SignatureShape | null
  /** `NONE`, `NUMERICAL` and the like. */
  readonly profile: string
}

export interface SignatureGroup {
  readonly name: string
  readonly subfields: readonly SignatureField[]
  readonly shape: SignatureShape | null
}

export interface SignatureShape {
  readonly dims: readonly number[]
}
