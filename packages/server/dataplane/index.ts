export type { Call } from './call.ts'
export { createDataPlane, type DataPlane, type NamedStatistics } from './data-plane.ts'
export type { ModelMetadata, ServerMetadata } from './model-metadata.ts'
export { createResponseCache, type ResponseCache, type ResponseCacheStatistics } from './response-cache.ts'
