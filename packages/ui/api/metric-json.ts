import type { ServableJson } from './servable-json.ts'

/** A request is healthy when `value <kind> threshold`. */
export type MetricOperator = 'Eq' | 'NotEq' | 'Greater' | 'Less' | 'GreaterEq' | 'LessEq'

/** A version that watches another. */
export interface MetricJson {
  readonly id: string
  readonly name: string
  /** The version that is watched. */
  readonly modelVersionId: number
  readonly config: {
    /** The version that gives the value. */
    readonly modelVersionId: number
    readonly threshold: number
    readonly thresholdCmpOperator: { readonly kind: MetricOperator }
    readonly servable: Pick<ServableJson, 'fullName' | 'status' | 'statusMessage'> | null
  }
}

export interface MetricBody {
  readonly name: string
  readonly modelVersionId: number
  readonly config: {
    readonly modelVersionId: number
    readonly threshold: number
    readonly thresholdCmpOperator: { readonly kind: MetricOperator }
  }
}
