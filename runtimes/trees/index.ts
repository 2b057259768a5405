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
export { createScorer } from './scorer.ts'
