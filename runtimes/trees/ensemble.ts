/** What a node does, as bits of {@link Tree.flags}. */
export const NODE = {
  /** Missing values go left; without it, right. */
  defaultLeft: 1,
  /** The node asks for membership in a set of categories instead of comparing with a threshold. */
  categorical: 2,
  /** NaN and zero (up to 1e-35 either way) are missing. Of `missingZero` and `missingNan` a node has at most one. */
  missingZero: 4,
  /** NaN is missing. A node with neither has no missing values, and reads NaN as zero. */
  missingNan: 8,
} as const

/**
 * One tree. Arrays by node have one element for each inner node, the root first; a tree that is a single leaf has none.
 * A child of 0 or more is a node, a negative one the leaf `~child`.
 */
export interface Tree {
  readonly feature: Int32Array
  /** Never NaN. Of a categorical node it means nothing. */
  readonly threshold: Float64Array
  readonly left: Int32Array
  readonly right: Int32Array
  /** Bits of {@link NODE}. */
  readonly flags: Uint8Array
  /** Needed if a node is categorical. */
  readonly categories?: CategorySets
  /** One value for each leaf, or {@link Ensemble.outputCount} values for each if leaves are vectors, leaf by leaf. */
  readonly leafValue: Float64Array
  readonly linear?: LinearLeaves
}

/**
 * Sets of categories, by node: the words `words[start[node]]` up to `words[start[node + 1]]`, least significant bit
 * first. A value in the set goes left, any other right, and NaN where `defaultLeft` says. Values are cut to integers.
 */
export interface CategorySets {
  /** One element more than there are nodes. */
  readonly start: Int32Array
  readonly words: Uint32Array
}

/**
 * A linear model in every leaf: its constant and the sum of coefficient times feature, from `start[leaf]` up to
 * `start[leaf + 1]`. If one of the features is NaN, the leaf's own value is taken.
 */
export interface LinearLeaves {
  /** One element more than there are leaves. */
  readonly start: Int32Array
  readonly feature: Int32Array
  readonly coefficient: Float64Array
  readonly constant: Float64Array
}

/** Trees whose answers are added up. */
export interface Ensemble {
  readonly featureCount: number
  /** How many margins a row has. */
  readonly outputCount: number
  readonly trees: readonly Tree[]
  /** By tree: the output it adds to. Means nothing for trees with vectors in their leaves. */
  readonly treeOutput: Int32Array
  /** What goes left: values below the threshold, or values up to it. */
  readonly comparison: '<' | '<='
  /** What features are rounded to before they are compared, and every sum as it grows. */
  readonly precision: 'float32' | 'float64'
  /** By output: what a sum starts with. */
  readonly baseMargin: Float64Array
  /** By tree: what its leaf values are multiplied by. Default: nothing. */
  readonly treeWeight?: Float64Array
  /** True if every leaf has a value for every output. Default false. */
  readonly hasVectorLeaves?: boolean
  /** Whether a category between -1 and 0 counts as 0. Default false: no negative value is in any set. */
  readonly cutsNegativeCategories?: boolean
}

/** A part of an ensemble: trees from `begin`, up to and without `end`. */
export interface TreeRange {
  readonly begin: number
  readonly end: number
}

/** Row-major features, `featureCount` a row. */
export type Rows = Float32Array | Float64Array

/** Scores rows with one ensemble. Keeps nothing of what it is given, and may be used again at once. */
export interface Scorer {
  /** What it keeps in memory, the ensemble included. */
  readonly memoryBytes: number
  /**
   * Writes `outputCount` margins a row.
   * @param out row-major; a Float64Array if the ensemble's precision is `float64`
   * @param range default: all trees
   */
  margins(rows: Rows, rowCount: number, out: Float32Array | Float64Array, range?: TreeRange): void
  /** Writes for every row the number of the leaf it reaches, in each tree of the range. */
  leaves(rows: Rows, rowCount: number, out: Int32Array, range?: TreeRange): void
}

/** The largest size of a number that counts as zero where zero is missing. */
export const ZERO_BOUND = Math.fround(1e-35)
