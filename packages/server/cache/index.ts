/** More models than memory: which are loaded, in what order they go, and the names they are asked by. */
export { createDemandLoading, type DemandedModels, type DemandLoading } from './create-demand-loading.ts'
export { createModelCache } from './create-model-cache.ts'
export { createModelMesh } from './create-model-mesh.ts'
export type {
  CachedModel,
  CachedState,
  CacheFigures,
  EvictionReason,
  LoadDemand,
  LoadPriority,
  ModelCache,
  ModelLoader,
  ModelTraits,
} from './model-cache.ts'
export type { ModelCacheOptions } from './model-cache-options.ts'
export { createModelCatalogue, type ModelCatalogue } from './model-catalogue.ts'
export type { AliasWish, LoadWish, MeshModels, ModelMesh, RegisterWish } from './model-mesh.ts'
export type { Alias, ModelInfo, RegisteredModel } from './model-register.ts'
export type { AliasStatus, ModelCopy, ModelStatus } from './model-status.ts'
export { readStaticRegistrations, registerStatically } from './static-registrations.ts'
