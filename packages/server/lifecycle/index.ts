export { type ModelEntry, type ModelState, stateOf } from './model-entry.ts'
export type { IndexEntry } from './model-index.ts'
export type { ModelInstance } from './model-instance.ts'
export {
  createModelRegistry,
  type LoadFailure,
  type ModelRegistry,
} from './model-registry.ts'
export { createModelSizes, type ModelMemory, type ModelSizes } from './model-sizes.ts'
export type { Placement } from './placement.ts'
export { createPlacementMemory } from './placement-memory.ts'
export {
  type RepositoryChange,
  type RepositoryWatch,
  type WatchManner,
  watchRepository,
} from './repository-watch.ts'
export { createScheduling } from './scheduling.ts'
export { ServerPhase } from './server-phase.ts'
