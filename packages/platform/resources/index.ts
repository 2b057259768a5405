/** Resource files: what operators write down about models, applications and deployment configurations. */
export { type Cluster, type ClusterFile, readClusterFile, writeClusterFile } from './cluster-file.ts'
export { diffResources, type ResourceChange } from './diff-resources.ts'
export { type ParsedResources, type ParseOptions, parseResources } from './parse-resources.ts'
export { listPayload, type PayloadFile, type PayloadLimits } from './payload-files.ts'
export { formatPlace, type Place } from './place.ts'
export { readQuantity } from './quantity.ts'
export { readResourceFiles } from './read-resource-files.ts'
export type {
  ApplicationResource,
  DeploymentConfigurationResource,
  ModelResource,
  ModelVersionName,
  MonitoringResource,
  PayloadEntry,
  Resource,
  ResourceKind,
  ResourceSource,
  RuntimeImage,
  StreamingResource,
  VariantResource,
} from './resource.ts'
export { readSignatureJson } from './signature-json.ts'
