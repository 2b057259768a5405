/** Manifests for KServe and ModelMesh: written for a runtime or a model, and checked before a cluster has to. */
export { inferenceServiceManifest } from './inference-service-manifest.ts'
export { type KServeRuntimeOptions, kserveRuntime } from './kserve-runtime.ts'
export { type Manifest, readManifests, requireValid, writeManifest } from './manifest-file.ts'
export {
  type MeshRegistration,
  registrationOfInferenceService,
  registrationOfPredictor,
} from './mesh-registration.ts'
export { type ModelMeshRuntimeOptions, modelMeshRuntime } from './modelmesh-runtime.ts'
export { LABEL_RULE, type NameRule, SUBDOMAIN_RULE } from './name-rules.ts'
export type { RuntimeOptions } from './runtime-options.ts'
export type { ModelFormat } from './serving-runtime.ts'
