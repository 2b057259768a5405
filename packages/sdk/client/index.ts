/**
 * `@millrace/sdk/client`: asks servers of the Open Inference Protocol, over REST and gRPC alike, runtimes of Hydrosphere,
 * and managers of the platform.
 */

export type { HydrosphereStatus } from '../protocol/index.ts'
export { isNeverSent } from './grpc/index.ts'
export { createGrpcClient, type GrpcClientOptions } from './grpc-client.ts'
export {
  createHydrosphereClient,
  type HydrosphereClient,
  type HydrosphereClientOptions,
  type PredictOptions,
  type PredictValuesOptions,
} from './hydrosphere-client.ts'
export type {
  CallOptions,
  ClientOptions,
  InferenceClient,
  ModelMetadata,
  ModelTarget,
  TlsOptions,
} from './inference-client.ts'
export { createManagerClient } from './manager-client.ts'
export type { ManagerClient, ManagerClientOptions, UploadOptions } from './manager-interface.ts'
export type {
  NewApplication,
  NewExternalVersion,
  NewMetricSpecification,
  NewModelVersion,
  NewServable,
  NewStage,
} from './manager-requests.ts'
export type { BuildLogLine, EventSubscription } from './manager-streams.ts'
export type {
  ApplicationView,
  DeploymentConfigurationView,
  FieldView,
  ImageView,
  ManagerEvent,
  MetricSpecificationView,
  ModelVersionView,
  ModelView,
  RuntimeView,
  ServableView,
  SignatureView,
  StageView,
  ThresholdOperator,
  TrainingDataView,
  VariantView,
} from './manager-views.ts'
export {
  createMeshClient,
  type MeshAliasOptions,
  type MeshAliasStatus,
  type MeshClient,
  type MeshClientOptions,
  type MeshLoadOptions,
  type MeshModelSource,
  type MeshModelStatus,
  type MeshOwnerOptions,
  type MeshRegisterOptions,
} from './mesh-client.ts'
export { createRestClient, type RestClientOptions } from './rest-client.ts'
