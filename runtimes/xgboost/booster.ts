import type { Objective } from './objectives.ts'

/** Rounds of boosting, from `begin` up to and without `end`. */
export interface RoundRange {
  readonly begin: number
  readonly end: number
}

/** What scores: an ensemble of trees, or a linear model. */
export interface Scoring {
  /** What it keeps in memory. */
  readonly memoryBytes: number
  /** How many rounds it was trained for. */
  readonly roundCount: number
  /** How many trees the answer to `leaves` has a row; `undefined` if there are no trees. */
  leafCount(rounds: RoundRange): number | undefined
  /** Raw margins, row-major. `rows` are row-major too. */
  margins(rows: Float32Array, rowCount: number, out: Float32Array, rounds: RoundRange): void
  /** The number of the node that each row ends in, by tree. */
  leaves(rows: Float32Array, rowCount: number, out: Int32Array, rounds: RoundRange): void
}

/** A model as its file has it, ready to score. */
export interface Booster {
  readonly featureCount: number
  /** Margins a row: classes, targets, or 1. */
  readonly outputCount: number
  readonly objective: Objective
  readonly objectiveName: string
  /** Empty if the file has none. */
  readonly featureNames: readonly string[]
  /** By feature: the texts that its categories stand for, or `undefined`. */
  readonly categoryNames: readonly (readonly string[] | undefined)[]
  /** True if it was saved by scikit-learn's interface as a classifier: then it predicts labels. */
  readonly isClassifier: boolean
  /** Where early stopping found it best, if it did. */
  readonly bestRound: number | undefined
  readonly scoring: Scoring
}
