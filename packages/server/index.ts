/** `@millrace/server`: the inference server, for programs that want to embed it; the `millrace` command does. */
export {
  createLogger,
  type LoadedServerSettings,
  loadServerSettings,
  type ServerLogger,
  type ServerSettings,
} from './base/index.ts'
export {
  type CachedModel,
  type CachedState,
  type CacheFigures,
  createModelCache,
  type ModelCache,
  type ModelCacheOptions,
  type ModelLoader,
  type ModelTraits,
} from './cache/index.ts'
export type { Call, DataPlane, ModelMetadata } from './dataplane/index.ts'
export type {
  IndexEntry,
  LoadFailure,
  ModelEntry,
  ModelRegistry,
  ModelState,
  RepositoryChange,
} from './lifecycle/index.ts'
export type { ServeDoors } from './listeners.ts'
export { createObjectFetcher, type DescribedModel, shownUri } from './repository/index.ts'
export { type Address, type RunningServer, type ServeOptions, serve } from './serve.ts'
export type {
  GrpcCall,
  GrpcMethod,
  HandOver,
  HttpRequest,
  HttpResponse,
  HttpRoute,
} from './transport/index.ts'
