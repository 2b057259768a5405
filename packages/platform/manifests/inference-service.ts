import type { ObjectMetadata } from './serving-runtime.ts'

/** Where ModelMesh finds a model: an entry of the namespace's storage secret, and a path in there. */
export interface ModelStorage {
  /** Entry of the secret `storage-config`. Default: its entry for the type, or `default`. */
  readonly key?: string
  readonly path?: string
  /** A file that says which tensors the model takes and gives. */
  readonly schemaPath?: string
  /** Win over the entry of the secret; `type` and `bucket` are the usual ones. */
  readonly parameters?: Readonly<Record<string, string>>
}

export interface InferenceServiceModel {
  readonly modelFormat: { readonly name: string; readonly version?: string }
  readonly runtime?: string
  readonly protocolVersion?: string
  readonly storage?: ModelStorage
  readonly storageUri?: string
  readonly [field: string]: unknown
}

/** One model of KServe; `serving.kserve.io/v1beta1`. */
export interface InferenceService {
  readonly apiVersion: 'serving.kserve.io/v1beta1'
  readonly kind: 'InferenceService'
  readonly metadata: ObjectMetadata
  readonly spec: {
    readonly predictor: { readonly model?: InferenceServiceModel; readonly [field: string]: unknown }
    readonly [field: string]: unknown
  }
}

/** ModelMesh's own resource for a model; `serving.kserve.io/v1alpha1`. */
export interface Predictor {
  readonly apiVersion: 'serving.kserve.io/v1alpha1'
  readonly kind: 'Predictor'
  readonly metadata: ObjectMetadata
  readonly spec: {
    readonly modelType: { readonly name: string; readonly version?: string }
    readonly path?: string
    readonly schemaPath?: string
    readonly runtime?: { readonly name: string }
    readonly protocolVersion?: string
    readonly gpu?: string
    readonly serviceAccountName?: string
    readonly storage?: {
      readonly path?: string
      readonly schemaPath?: string
      readonly key?: string
      readonly parameters?: Readonly<Record<string, string>>
      readonly s3?: { readonly secretKey: string; readonly bucket?: string }
      readonly persistentVolumeClaim?: unknown
    }
  }
}

/** By this annotation KServe leaves a model to ModelMesh. */
export const DEPLOYMENT_MODE = 'serving.kserve.io/deploymentMode'
