import type { ImageView, SignatureView, StringMap, ThresholdOperator } from './manager-views.ts'

/** A version to be built of files. */
export interface NewModelVersion {
  readonly name: string
  /** An image; older managers leave out its digest. */
  readonly runtime: ImageView
  /** Absent: the manager looks for one in the files. */
  readonly modelSignature?: SignatureView | undefined
  readonly installCommand?: string | undefined
  readonly metadata?: StringMap | undefined
  readonly monitoringConfiguration?: { readonly batchSize: number } | undefined
}

/** A version that runs elsewhere and is only watched. */
export interface NewExternalVersion {
  readonly name: string
  readonly signature: SignatureView
  readonly metadata?: StringMap | undefined
  readonly monitoringConfiguration?: { readonly batchSize: number } | undefined
}

export interface NewServable {
  readonly modelName: string
  readonly version: number
  readonly metadata?: StringMap | undefined
  readonly deploymentConfigName?: string | undefined
}

export interface NewApplication {
  readonly name: string
  readonly namespace?: string | undefined
  readonly metadata?: StringMap | undefined
  readonly kafkaStreaming?: readonly object[] | undefined
  readonly executionGraph: { readonly stages: readonly NewStage[] }
}

export interface NewStage {
  readonly modelVariants: readonly {
    readonly modelVersionId: number
    /** Percent; those of a stage have 100 together. */
    readonly weight: number
    readonly deploymentConfigName?: string | undefined
  }[]
}

export interface NewMetricSpecification {
  readonly name: string
  /** The version that is watched. */
  readonly modelVersionId: number
  readonly config: {
    /** The version that watches. */
    readonly modelVersionId: number
    readonly threshold: number
    readonly thresholdCmpOperator: { readonly kind: ThresholdOperator }
    readonly deploymentConfigName?: string | undefined
  }
}
