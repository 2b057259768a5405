import type {
  ApplicationRecord,
  DeploymentConfigurationRecord,
  MetricSpecificationRecord,
  ModelVersionRecord,
  ServableRecord,
} from '../../store/index.ts'

/**
 * Something that clients of the event stream are told. A version that is `Assembling` is no news: who uploaded it has
 * its answer, and clients that wait for the build take every other update for its end.
 */
export type ManagerEvent =
  | { readonly type: 'ModelUpdate'; readonly version: ModelVersionRecord }
  | { readonly type: 'ModelRemove'; readonly versionId: number }
  | { readonly type: 'ApplicationUpdate'; readonly application: ApplicationRecord }
  | { readonly type: 'ApplicationRemove'; readonly name: string }
  | { readonly type: 'ServableUpdate'; readonly servable: ServableRecord }
  | { readonly type: 'ServableRemove'; readonly fullName: string }
  | { readonly type: 'MetricSpecUpdate'; readonly specification: MetricSpecificationRecord }
  | { readonly type: 'MetricSpecRemove'; readonly id: string }
  | {
      readonly type: 'DeploymentConfigurationUpdate'
      readonly configuration: DeploymentConfigurationRecord
    }
  | { readonly type: 'DeploymentConfigurationRemove'; readonly name: string }

export type ManagerEventType = ManagerEvent['type']

export type EventOf<T extends ManagerEventType> = Extract<ManagerEvent, { readonly type: T }>
