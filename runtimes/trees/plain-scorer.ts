import { type Ensemble, NODE, type Rows, type Scorer, type Tree, ZERO_BOUND } from './ensemble.ts'

/** Rows that go through one tree after the other, so that a tree is in the cache for all of them. */
const BLOCK_ROWS = 64

/** Scores any ensemble that `checkEnsemble` has passed, node by node. */
export function createPlainScorer(ensemble: Ensemble): Omit<Scorer, 'memoryBytes'> {
  const { trees, treeOutput, treeWeight, outputCount, featureCount, baseMargin } = ensemble
  const isVector = ensemble.hasVectorLeaves === true
  const isSingle = ensemble.precision === 'float32'
  const leafOf = createDescent(ensemble)
  const everything = { begin: 0, end: trees.length }

  function valueOf(tree: Tree, leaf: number, rows: Rows, offset: number, slot: number): number {
    if (tree.linear !== undefined) return linearValue(tree, leaf, rows, offset)
    return isVector ? tree.leafValue[leaf * outputCount + slot]! : tree.leafValue[leaf]!
  }

  return {
    margins(rows, rowCount, out, { begin, end } = everything) {
      for (let index = 0; index < rowCount * outputCount; index++)
        out[index] = baseMargin[index % outputCount]!
      for (let first = 0; first < rowCount; first += BLOCK_ROWS) {
        const last = Math.min(first + BLOCK_ROWS, rowCount)
        for (let index = begin; index < end; index++) {
          const tree = trees[index]!
          const weight = treeWeight === undefined ? 1 : treeWeight[index]!
          const from = isVector ? 0 : treeOutput[index]!
          const to = isVector ? outputCount : from + 1
          for (let row = first; row < last; row++) {
            const offset = row * featureCount
            const leaf = leafOf(tree, rows, offset)
            for (let output = from; output < to; output++) {
              const value = valueOf(tree, leaf, rows, offset, output) * weight
              const at = row * outputCount + output
              out[at] = isSingle ? Math.fround(out[at]! + Math.fround(value)) : out[at]! + value
            }
          }
        }
      }
    },
    leaves(rows, rowCount, out, { begin, end } = everything) {
      for (let row = 0; row < rowCount; row++) {
        for (let index = begin; index < end; index++) {
          out[row * (end - begin) + index - begin] = leafOf(trees[index]!, rows, row * featureCount)
        }
      }
    },
  }
}

/** The number of the leaf that the row at `offset` reaches. */
function createDescent(ensemble: Ensemble): (tree: Tree, rows: Rows, offset: number) => number {
  const isSingle = ensemble.precision === 'float32'
  const isStrict = ensemble.comparison === '<'
  const cutsNegative = ensemble.cutsNegativeCategories === true

  function goesLeft(tree: Tree, node: number, flags: number, given: number): boolean {
    const isDefaultLeft = (flags & NODE.defaultLeft) !== 0
    let value = given
    if ((flags & NODE.categorical) !== 0) {
      if (Number.isNaN(value)) return isDefaultLeft
      return (cutsNegative || value >= 0) && isInSet(tree, node, Math.trunc(value))
    }
    if ((flags & NODE.missingNan) !== 0) {
      if (Number.isNaN(value)) return isDefaultLeft
    } else {
      if (Number.isNaN(value)) value = 0
      if ((flags & NODE.missingZero) !== 0 && Math.abs(value) <= ZERO_BOUND) return isDefaultLeft
    }
    return isStrict ? value < tree.threshold[node]! : value <= tree.threshold[node]!
  }

  return (tree, rows, offset) => {
    if (tree.feature.length === 0) return 0
    let node = 0
    while (node >= 0) {
      const raw = rows[offset + tree.feature[node]!]!
      const value = isSingle ? Math.fround(raw) : raw
      node = goesLeft(tree, node, tree.flags[node]!, value) ? tree.left[node]! : tree.right[node]!
    }
    return ~node
  }
}

function isInSet({ categories }: Tree, node: number, category: number): boolean {
  const from = categories!.start[node]!
  const size = (categories!.start[node + 1]! - from) * 32
  if (!(category >= 0 && category < size)) return false
  return ((categories!.words[from + (category >>> 5)]! >>> (category & 31)) & 1) === 1
}

function linearValue({ linear, leafValue }: Tree, leaf: number, rows: Rows, offset: number): number {
  const { start, feature, coefficient, constant } = linear!
  let sum = constant[leaf]!
  for (let index = start[leaf]!; index < start[leaf + 1]!; index++) {
    const value = rows[offset + feature[index]!]!
    if (Number.isNaN(value)) return leafValue[leaf]!
    sum += coefficient[index]! * value
  }
  return sum
}
