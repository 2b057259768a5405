import type { DeploymentSettings, ModelSignature, StringMap } from '../store/index.ts'
import type { Place } from './place.ts'

/** What a resource file can describe. */
export type Resource = ModelResource | ApplicationResource | DeploymentConfigurationResource

export type ResourceKind = Resource['kind']

export interface ResourceSource {
  /** Where its document begins. */
  readonly place: Place
  /** What its relative paths are relative to. */
  readonly folder: string
}

/** An image; `tag` is `latest` where the file says none. */
export interface RuntimeImage {
  readonly name: string
  readonly tag: string
  /** The digest without `sha256:`, where the file pins one. */
  readonly sha256: string | undefined
}

/** A file, a folder or a pattern, as it was written. */
export interface PayloadEntry {
  readonly pattern: string
  readonly place: Place
}

/** One version of a model, and where it stands by number. */
export interface ModelVersionName {
  readonly modelName: string
  readonly version: number
}

/** A model that watches this one. */
export interface MonitoringResource {
  readonly name: string
  readonly model: ModelVersionName
  readonly threshold: number
  /** In the words of the manager's JSON. */
  readonly operator: 'Eq' | 'NotEq' | 'Greater' | 'Less' | 'GreaterEq' | 'LessEq'
  readonly deploymentConfiguration: string | undefined
}

export interface ModelResource {
  readonly kind: 'Model'
  readonly name: string
  readonly source: ResourceSource
  readonly runtime: RuntimeImage
  /** `undefined` leaves it to the manager to find one in the payload. */
  readonly contract: ModelSignature | undefined
  readonly payload: readonly PayloadEntry[]
  readonly installCommand: string | undefined
  /** A path, or an address such as `s3://bucket/key.csv`. */
  readonly trainingData: string | undefined
  readonly metadata: StringMap
  readonly batchSize: number | undefined
  readonly monitoring: readonly MonitoringResource[]
}

export interface VariantResource {
  readonly model: ModelVersionName
  /** Percent; the variants of a stage have 100 together. 0 makes a shadow. */
  readonly weight: number
  readonly deploymentConfiguration: string | undefined
}

export interface ApplicationResource {
  readonly kind: 'Application'
  readonly name: string
  readonly source: ResourceSource
  readonly namespace: string | undefined
  /** At least one, of at least one variant each. */
  readonly stages: readonly (readonly VariantResource[])[]
  readonly metadata: StringMap
  readonly streaming: readonly StreamingResource[]
}

export interface StreamingResource {
  readonly sourceTopic: string
  readonly destinationTopic: string
}

/** Its parts are in the form of the manager's JSON; what the file leaves out is left out. */
export interface DeploymentConfigurationResource {
  readonly kind: 'DeploymentConfiguration'
  readonly name: string
  readonly source: ResourceSource
  readonly settings: DeploymentSettings
}
