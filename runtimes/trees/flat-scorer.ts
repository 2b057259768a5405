import { type Ensemble, NODE, type Rows, type Scorer, type Tree, type TreeRange } from './ensemble.ts'
import { LinearSums } from './linear-sums.ts'

/** Rows that go through one tree after the other, so that a tree is in the cache for all of them. */
const MOST_BLOCK_ROWS = 64
/** What a block of very wide rows may hold, in numbers. */
const MOST_BLOCK_NUMBERS = 2 ** 16
const ZERO_BOUND = Math.fround(1e-35)

/** How a node decides. What it does with NaN is part of it, so that no node asks for it. */
const DECIDE = { upTo: 0, notAbove: 1, upToOrZeroRight: 2, upToOrZeroLeft: 3, inSet: 4 } as const

/**
 * Whether {@link createFlatScorer} can score it: float64, values up to the threshold to the left, one value a leaf, no
 * weights; of categories what is cut to 0 counts as 0, and NaN goes right.
 */
export function canFlatten(ensemble: Ensemble): boolean {
  const { comparison, precision, treeWeight, hasVectorLeaves, cutsNegativeCategories, trees } = ensemble
  const isPlain = comparison === '<=' && precision === 'float64'
  if (!isPlain || treeWeight !== undefined || hasVectorLeaves === true) return false
  return cutsNegativeCategories === true && !trees.some(sendsNanLeft)
}

/**
 * Scores in JavaScript with all trees in a few large arrays: for what machine code is not written for, categories and
 * linear leaves. Nodes and leaves are numbered through all trees, and a child below 0 is the leaf `~child`.
 */
export function createFlatScorer(ensemble: Ensemble): Omit<Scorer, 'memoryBytes'> {
  const { trees, treeOutput, outputCount, featureCount, baseMargin } = ensemble
  const nodeCount = trees.reduce((count, { feature }) => count + feature.length, 0)
  const wordCount = trees.reduce((count, { categories }) => count + (categories?.words.length ?? 0), 0)
  const feature = new Int32Array(nodeCount)
  const threshold = new Float64Array(nodeCount)
  const decision = new Uint8Array(nodeCount)
  /** Left and right child of each node. */
  const children = new Int32Array(nodeCount * 2)
  /** By node: where its set begins, and the first category beyond it. */
  const setStart = new Int32Array(nodeCount)
  const setEnd = new Float64Array(nodeCount)
  const words = new Uint32Array(wordCount)
  const root = new Int32Array(trees.length)
  const firstLeaf = new Int32Array(trees.length)
  const leafValue = new Float64Array(nodeCount + trees.length)
  const linear = trees.some(tree => tree.linear !== undefined) ? new LinearSums(trees) : null

  let node = 0
  let leaf = 0
  let word = 0
  for (const [index, tree] of trees.entries()) {
    const size = tree.feature.length
    root[index] = size === 0 ? ~leaf : node
    firstLeaf[index] = leaf
    leafValue.set(tree.leafValue, leaf)
    feature.set(tree.feature, node)
    threshold.set(tree.threshold, node)
    const toGlobal = (child: number): number => (child < 0 ? ~(leaf + ~child) : node + child)
    for (let own = 0; own < size; own++) {
      const at = node + own
      children[at * 2] = toGlobal(tree.left[own]!)
      children[at * 2 + 1] = toGlobal(tree.right[own]!)
      decision[at] = decisionOf(tree, own)
      if (decision[at] !== DECIDE.inSet) continue
      const { start } = tree.categories!
      setStart[at] = word + start[own]!
      setEnd[at] = (start[own + 1]! - start[own]!) * 32
    }
    if (tree.categories !== undefined) {
      words.set(tree.categories.words, word)
      word += tree.categories.words.length
    }
    node += size
    leaf += size + 1
  }

  function leafOf(tree: number, rows: Float64Array, offset: number): number {
    let at = root[tree]!
    while (at >= 0) {
      const value = rows[offset + feature[at]!]!
      let right: number
      switch (decision[at]!) {
        case DECIDE.upTo:
          right = value <= threshold[at]! ? 0 : 1
          break
        case DECIDE.notAbove:
          right = value > threshold[at]! ? 1 : 0
          break
        case DECIDE.inSet: {
          // Neither NaN nor what 32 bits do not hold passes the comparison.
          const isWithin = value > -1 && value < setEnd[at]!
          const category = value | 0
          right = isWithin ? (~words[setStart[at]! + (category >>> 5)]! >>> (category & 31)) & 1 : 1
          break
        }
        default: {
          const isMissing = !(value > ZERO_BOUND || value < -ZERO_BOUND)
          if (isMissing) right = decision[at] === DECIDE.upToOrZeroLeft ? 0 : 1
          else right = value <= threshold[at]! ? 0 : 1
        }
      }
      at = children[at * 2 + right]!
    }
    return ~at
  }

  const widest = Math.max(1, featureCount, outputCount)
  const blockRows = Math.max(1, Math.min(MOST_BLOCK_ROWS, Math.floor(MOST_BLOCK_NUMBERS / widest)))
  const everything = { begin: 0, end: trees.length }
  const block = new Float64Array(blockRows * featureCount)
  const inBlocks = (rows: Rows, rowCount: number, score: (first: number, count: number) => void): void => {
    for (let first = 0; first < rowCount; first += blockRows) {
      const count = Math.min(blockRows, rowCount - first)
      // One kind of array for the code below, which would be slower for two.
      block.set(rows.subarray(first * featureCount, (first + count) * featureCount))
      score(first, count)
    }
  }

  return {
    margins(rows, rowCount, out, { begin, end }: TreeRange = everything) {
      const sums = new Float64Array(blockRows * outputCount)
      inBlocks(rows, rowCount, (first, count) => {
        for (let index = 0; index < count * outputCount; index++)
          sums[index] = baseMargin[index % outputCount]!
        for (let tree = begin; tree < end; tree++) {
          const output = treeOutput[tree]!
          for (let row = 0; row < count; row++) {
            const reached = leafOf(tree, block, row * featureCount)
            sums[row * outputCount + output]! +=
              linear === null
                ? leafValue[reached]!
                : linear.value(reached, leafValue[reached]!, block, row * featureCount)
          }
        }
        out.set(sums.subarray(0, count * outputCount), first * outputCount)
      })
    },
    leaves(rows, rowCount, out, { begin, end }: TreeRange = everything) {
      const width = end - begin
      inBlocks(rows, rowCount, (first, count) => {
        for (let tree = begin; tree < end; tree++) {
          for (let row = 0; row < count; row++)
            out[(first + row) * width + tree - begin] =
              leafOf(tree, block, row * featureCount) - firstLeaf[tree]!
        }
      })
    },
  }
}

/** Whether a node on categories does. */
function sendsNanLeft({ flags }: Tree): boolean {
  return flags.some(flag => (flag & NODE.categorical) !== 0 && (flag & NODE.defaultLeft) !== 0)
}

function decisionOf(tree: Tree, node: number): number {
  const flags = tree.flags[node]!
  const isDefaultLeft = (flags & NODE.defaultLeft) !== 0
  if ((flags & NODE.categorical) !== 0) return DECIDE.inSet
  if ((flags & NODE.missingZero) !== 0) return isDefaultLeft ? DECIDE.upToOrZeroLeft : DECIDE.upToOrZeroRight
  // A node without missing values reads NaN as zero.
  const isNanLeft = (flags & NODE.missingNan) !== 0 ? isDefaultLeft : tree.threshold[node]! >= 0
  return isNanLeft ? DECIDE.notAbove : DECIDE.upTo
}
