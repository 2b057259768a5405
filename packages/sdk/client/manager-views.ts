/**
 * What a manager tells of what it keeps. Members that it sends as `null` or leaves out are `undefined` here: managers of
 * different ages do the one or the other.
 */

export type StringMap = Readonly<Record<string, string>>

export interface SignatureView {
  readonly signatureName: string
  readonly inputs: readonly FieldView[]
  readonly outputs: readonly FieldView[]
}

/** A tensor has a `dtype`, a group of fields `subfields`. */
export interface FieldView {
  readonly name: string
  /** `DT_DOUBLE` and the like. */
  readonly dtype?: string
  /** Absent: any. No `dims`: a single value. */
  readonly shape?: { readonly dims: readonly number[] }
  readonly profile?: string
  readonly subfields?: readonly FieldView[]
}

export interface ImageView {
  readonly name: string
  readonly tag: string
  readonly sha256?: string
}

export interface ModelView {
  readonly id: number
  readonly name: string
}

export interface ModelVersionView {
  readonly id: number
  readonly model: ModelView
  readonly modelVersion: number
  /** Absent for a version that runs elsewhere and was never built here. */
  readonly status?: 'Assembling' | 'Released' | 'Failed'
  /** Why it failed, from managers that say so. */
  readonly statusMessage?: string
  readonly modelSignature: SignatureView
  readonly created: string
  readonly finished?: string
  readonly image?: ImageView
  readonly runtime?: ImageView
  readonly installCommand?: string
  readonly metadata?: StringMap
  readonly monitoringConfiguration?: { readonly batchSize: number }
  /** Names; absent in the answer of an upload. */
  readonly applications?: readonly string[]
  readonly isExternal?: boolean
}

export interface ServableView {
  readonly fullName: string
  readonly modelVersionId: number
  readonly status: 'Starting' | 'Serving' | 'NotServing' | 'NotAvailable'
  readonly statusMessage?: string
  readonly metadata?: StringMap
  readonly deploymentConfigurationName?: string
}

export interface ApplicationView {
  readonly id: number
  readonly name: string
  readonly status: 'Assembling' | 'Ready' | 'Failed'
  readonly message?: string
  readonly signature?: SignatureView
  readonly metadata?: StringMap
  readonly executionGraph: { readonly stages: readonly StageView[] }
}

export interface StageView {
  readonly modelVariants: readonly VariantView[]
  readonly signature?: SignatureView
}

export interface VariantView {
  readonly modelVersionId: number
  /** Percent; 0 is a shadow. */
  readonly weight: number
  readonly servableName?: string
  readonly deploymentConfigurationName?: string
}

/** In the form of Kubernetes, as it was given. */
export interface DeploymentConfigurationView {
  readonly name: string
  readonly container?: object
  readonly pod?: object
  readonly deployment?: object
  readonly hpa?: object
}

/** How the training data that was handed in last is. */
export interface TrainingDataView {
  readonly kind: 'NotRegistered' | 'Processing' | 'Success' | 'Failure'
  /** Why it failed, or what was left out. */
  readonly message?: string
  /** Rows that were taken. */
  readonly rows?: number
  readonly skippedRows?: number
}

export interface MetricSpecificationView {
  readonly id: string
  readonly name: string
  /** The version that is watched. */
  readonly modelVersionId: number
  readonly config: {
    /** The version that watches. */
    readonly modelVersionId: number
    readonly threshold: number
    readonly thresholdCmpOperator: { readonly kind: ThresholdOperator }
    readonly servable?: ServableView
  }
}

export type ThresholdOperator = 'Eq' | 'NotEq' | 'Greater' | 'Less' | 'GreaterEq' | 'LessEq'

export interface RuntimeView {
  readonly id: number
  readonly name: string
  readonly version: string
  readonly suitableModelType?: readonly string[]
  readonly tags?: readonly string[]
  readonly configParams?: StringMap
}

/** Something has changed; `data` is what it is now, or what named it. */
export type ManagerEvent =
  | { readonly type: 'ModelUpdate'; readonly data: ModelVersionView }
  | { readonly type: 'ApplicationUpdate'; readonly data: ApplicationView }
  | { readonly type: 'ServableUpdate'; readonly data: ServableView }
  | { readonly type: 'MetricSpecUpdate'; readonly data: MetricSpecificationView }
  | { readonly type: 'DeploymentConfigurationUpdate'; readonly data: DeploymentConfigurationView }
  | {
      readonly type:
        | 'ModelRemove'
        | 'ApplicationRemove'
        | 'ServableRemove'
        | 'MetricSpecRemove'
        | 'DeploymentConfigurationRemove'
      /** The id or name of what is gone. */
      readonly data: string
    }
