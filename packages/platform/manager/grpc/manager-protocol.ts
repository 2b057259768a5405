import type { ModelVersionRecord } from '../../store/index.ts'
import type { ApplicationEntity, MetricEntity, ServableEntity } from './entities.ts'

/** One generation of the manager's and the discovery's services: where they are, and their answers as bytes. */
export interface ManagerProtocol {
  /** `/hydrosphere.serving.manager.ManagerService` */
  readonly managerService: string
  readonly discoveryService: string
  readonly encodeVersion: (version: ModelVersionRecord) => Uint8Array
  readonly encodeServable: (servable: ServableEntity) => Uint8Array
  /** By what removed applications are announced. */
  readonly applicationKey: (application: { readonly id: number; readonly name: string }) => string
  readonly encodeApplications: (removed: readonly string[], added: readonly ApplicationEntity[]) => Uint8Array
  readonly encodeServables: (removed: readonly string[], added: readonly ServableEntity[]) => Uint8Array
  readonly encodeMetrics: (removed: readonly string[], added: readonly MetricEntity[]) => Uint8Array
}
