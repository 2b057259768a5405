/** More models than memory: which are loaded, in what order they go, and the names they are asked by. */
export type {
  CachedModel,
  CachedState,
  LoadDemand,
  LoadPriority,
  ModelCache,
  ModelLoader,
} from './model-cache.ts'
export type { Alias, ModelInfo, RegisteredModel } from './model-register.ts'
