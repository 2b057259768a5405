/** Whether there can be a drift report of a version. */
export interface DriftSupportJson {
  readonly supported: boolean
  /** Why not. */
  readonly description: string
}

/** How requests differ from training data. Probabilities are from 0 to 1. */
export interface DriftReportJson {
  readonly overall_probability_drift: number
  readonly per_feature_report: Readonly<Record<string, DriftFeatureJson>>
  readonly warnings: { readonly final_decision: string; readonly report: readonly string[] }
}

export interface DriftFeatureJson {
  readonly 'drift-probability': number
  readonly statistics?: Readonly<
    Record<string, { readonly has_changed: boolean; readonly message?: string | null }>
  > | null
}
