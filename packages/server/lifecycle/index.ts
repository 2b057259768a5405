export { type ModelEntry, type ModelState, stateOf } from './model-entry.ts'
export type { ModelInstance } from './model-instance.ts'
export {
  createModelRegistry,
  type IndexEntry,
  type LoadFailure,
  type ModelRegistry,
} from './model-registry.ts'
