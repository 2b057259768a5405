/** `@millrace/trees`: scores ensembles of decision trees. */
export {
  type CategorySets,
  type Ensemble,
  type LinearLeaves,
  NODE,
  type Rows,
  type Scorer,
  type Tree,
  type TreeRange,
} from './ensemble.ts'
export { type FeatureColumns, fillRows, orderColumns, shownNames } from './feature-columns.ts'
export { createScorer } from './scorer.ts'
export { toFloat32 } from './to-float32.ts'
