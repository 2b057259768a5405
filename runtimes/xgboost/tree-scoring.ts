import { createScorer, type TreeRange } from '@millrace/trees'
import type { RoundRange, Scoring } from './booster.ts'
import type { DocumentObject } from './document-object.ts'
import { type CategoryBudget, type ReadTree, readTree } from './read-tree.ts'

const MOST_TREES = 10_000_000
/** 64 MiB of sets of categories. */
const MOST_CATEGORY_WORDS = 1 << 24

/**
 * The boosters `gbtree` and `dart`.
 * @param weightDrop by tree, what `dart` multiplies its values by
 */
export function createTreeScoring(
  model: DocumentObject,
  weightDrop: Float64Array | undefined,
  shape: { readonly featureCount: number; readonly outputCount: number; readonly baseMargin: Float64Array },
  file: string,
): Scoring {
  const { outputCount } = shape
  const sources = model.objects('trees')
  const treeOutput = model.integers('tree_info')
  const treeCount = sources.length
  if (treeOutput.length !== treeCount)
    model.fail(`tree_info has ${treeOutput.length} elements; there are ${treeCount} trees`)
  if (weightDrop !== undefined && weightDrop.length !== treeCount)
    model.fail(`weight_drop has ${weightDrop.length} elements; there are ${treeCount} trees`)
  const valuesALeaf = readLeafSize(sources, outputCount)
  const budget: CategoryBudget = { wordsLeft: MOST_CATEGORY_WORDS }
  const trees = sources.map(source => readTree(source, valuesALeaf, budget))
  const scorer = createScorer(
    {
      ...shape,
      trees: trees.map(({ tree }) => tree),
      treeOutput,
      comparison: '<',
      precision: 'float32',
      hasVectorLeaves: valuesALeaf > 1,
      ...(weightDrop === undefined ? {} : { treeWeight: weightDrop.map(Math.fround) }),
    },
    `'${file}'`,
  )
  const firstTree = readRounds(model, treeCount, valuesALeaf > 1 ? 1 : outputCount)
  const treesOf = ({ begin, end }: RoundRange): TreeRange => ({
    begin: firstTree[begin]!,
    end: firstTree[end]!,
  })

  return {
    memoryBytes: trees.reduce((bytes, { leafIds }) => bytes + leafIds.byteLength, scorer.memoryBytes),
    roundCount: firstTree.length - 1,
    leafCount: rounds => firstTree[rounds.end]! - firstTree[rounds.begin]!,
    margins: (rows, rowCount, out, rounds) => scorer.margins(rows, rowCount, out, treesOf(rounds)),
    leaves(rows, rowCount, out, rounds) {
      const range = treesOf(rounds)
      scorer.leaves(rows, rowCount, out, range)
      toNodeNumbers(out, trees.slice(range.begin, range.end))
    },
  }
}

/** XGBoost names a leaf by its node. */
function toNodeNumbers(leaves: Int32Array, trees: readonly ReadTree[]): void {
  for (let index = 0; index < leaves.length; index++) {
    leaves[index] = trees[index % trees.length]!.leafIds[leaves[index]!]!
  }
}

function readLeafSize(sources: readonly DocumentObject[], outputCount: number): number {
  if (sources.length > MOST_TREES)
    sources[0]!.fail(`there are ${sources.length} trees; allowed are ${MOST_TREES}`)
  const sizes = sources.map(source => {
    const parameters = source.object('tree_param')
    return parameters.has('size_leaf_vector') ? Math.max(1, parameters.integer('size_leaf_vector')) : 1
  })
  const size = sizes[0] ?? 1
  const other = sizes.findIndex(candidate => candidate !== size)
  if (other >= 0) sources[other]!.fail(`leaves have ${sizes[other]} values, those of the first tree ${size}`)
  if (size !== 1 && size !== outputCount)
    sources[0]!.fail(`leaves have ${size} values; allowed are 1 and ${outputCount}`)
  return size
}

/** The first tree of each round, and behind the last round the number of trees. */
function readRounds(model: DocumentObject, treeCount: number, outputsARound: number): Int32Array {
  if (model.has('iteration_indptr')) {
    const first = model.integers('iteration_indptr')
    const isRising = first.every((tree, round) => tree >= (first[round - 1] ?? 0))
    if (first.length > 0 && first[0] === 0 && first.at(-1) === treeCount && isRising) return first
    if (first.length > 0 || treeCount > 0)
      model.fail(`iteration_indptr has to rise from 0 to ${treeCount}, the number of trees`)
    return Int32Array.of(0)
  }
  const parameters = model.object('gbtree_model_param')
  const parallel = parameters.has('num_parallel_tree')
    ? Math.max(1, parameters.integer('num_parallel_tree'))
    : 1
  const size = parallel * outputsARound
  const rounds = Math.ceil(treeCount / size)
  return Int32Array.from({ length: rounds + 1 }, (_, round) => Math.min(round * size, treeCount))
}
