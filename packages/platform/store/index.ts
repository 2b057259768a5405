/** The database: what the control plane remembers, and the feed of what changed. */
export type {
  ApplicationDefinition,
  ApplicationRecord,
  ApplicationStage,
  ApplicationState,
  ApplicationStatus,
  ApplicationVariant,
  ExecutionGraph,
  KafkaStreaming,
  PreviousGraph,
} from './application-record.ts'
export type { BuildLogLine, BuildLogPart } from './build-logs.ts'
export type { Change, ChangeAction, ChangeEntity } from './change-log.ts'
export type { CheckCounts, PassedCount } from './check-counts.ts'
export type { CheckAggregateRecord, CheckRecord, CheckRetention, NewCheck } from './checks.ts'
export type { DeploymentConfigurationRecord } from './deployment-configurations.ts'
export type {
  ContainerSettings,
  DeploymentSettings,
  PodSettings,
  ScalingSettings,
  Toleration,
} from './deployment-settings.ts'
export type { HostSelectorRecord } from './host-selectors.ts'
export type {
  MetricSpecificationRecord,
  NewMetricSpecification,
  ThresholdOperator,
} from './metric-specifications.ts'
export type {
  ModelVersionFilter,
  ModelVersionRecord,
  ModelVersionStatus,
  NewExternalVersion,
  NewModelVersion,
} from './model-versions.ts'
export type { ModelRecord } from './models.ts'
export { openStore, type PostgresOptions, type SqliteOptions, type StoreOptions } from './open-store.ts'
export type { Page } from './page.ts'
export type { PayloadBlob } from './payload-blobs.ts'
export type { ProfileSide } from './profiles.ts'
export type { DockerImage, StringMap } from './records.ts'
export type { NewRuntime, RuntimeRecord, RuntimeStatus } from './runtimes.ts'
export type {
  NewServable,
  ServableFilter,
  ServableRecord,
  ServableState,
  ServableStatus,
} from './servables.ts'
export type {
  ModelSignature,
  SignatureField,
  SignatureGroup,
  SignatureShape,
  SignatureTensor,
} from './signature.ts'
export type { Store, StoreTables } from './store.ts'
export type { TrainingUploadRecord } from './training-uploads.ts'
