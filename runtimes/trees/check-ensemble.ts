import { ServingError } from '@millrace/sdk'
import { type Ensemble, NODE, type Tree } from './ensemble.ts'

const MOST_FEATURES = 1 << 24
const MOST_OUTPUTS = 1 << 20
const MOST_LEVELS = 4096
const ALL_FLAGS = NODE.defaultLeft | NODE.categorical | NODE.missingZero | NODE.missingNan

/**
 * Proves what scoring relies on: arrays of equal length, every index in range, every node and leaf of a tree reached
 * from its root exactly once, no path of more than 4096 nodes.
 * @param source what holds the ensemble, for the error
 * @returns by tree, the number of nodes on its longest path
 * @throws ServingError FAILED_PRECONDITION naming source, tree and node
 */
export function checkEnsemble(ensemble: Ensemble, source: string): Int32Array {
  const fail = (what: string): never => {
    throw new ServingError('FAILED_PRECONDITION', `${source} cannot be served: ${what}`)
  }
  const { featureCount, outputCount, trees, treeOutput, baseMargin, treeWeight } = ensemble
  if (!isCount(featureCount, MOST_FEATURES))
    fail(`it has ${featureCount} features; allowed are 0 to ${MOST_FEATURES}`)
  if (!isCount(outputCount, MOST_OUTPUTS) || outputCount === 0)
    fail(`it has ${outputCount} outputs; allowed are 1 to ${MOST_OUTPUTS}`)
  if (baseMargin.length !== outputCount)
    fail(`it has ${baseMargin.length} base margins; ${outputCount} outputs need as many`)
  if (treeOutput.length !== trees.length)
    fail(`${treeOutput.length} outputs are named for ${trees.length} trees`)
  if (treeWeight !== undefined && treeWeight.length !== trees.length)
    fail(`it has ${treeWeight.length} weights for ${trees.length} trees`)

  return Int32Array.from(trees, (tree, index) => {
    const output = treeOutput[index]!
    if (output < 0 || output >= outputCount)
      fail(`tree ${index} adds to output ${output}; outputs are 0 to ${outputCount - 1}`)
    return checkTree(tree, ensemble, (what, node) => {
      const place = node === undefined ? `tree ${index}` : `tree ${index}, node ${node}`
      return fail(`${place}: ${what}`)
    })
  })
}

type Fail = (what: string, node?: number) => never

function checkTree(tree: Tree, ensemble: Ensemble, fail: Fail): number {
  const nodeCount = tree.feature.length
  for (const field of ['threshold', 'left', 'right', 'flags'] as const) {
    const { length } = tree[field]
    if (length !== nodeCount) fail(`${nodeCount} nodes have a feature, but ${length} have ${field}`)
  }
  const valuesALeaf = ensemble.hasVectorLeaves === true ? ensemble.outputCount : 1
  const leafCount = nodeCount + 1
  if (tree.leafValue.length !== leafCount * valuesALeaf) {
    fail(
      `${tree.leafValue.length} leaf values; ${nodeCount} nodes need ${leafCount} leaves of ${valuesALeaf} each`,
    )
  }
  for (let node = 0; node < nodeCount; node++) checkNode(tree, node, ensemble, fail)
  checkCategories(tree, fail)
  checkLinear(tree, leafCount, ensemble.featureCount, fail)
  return nodeCount === 0 ? 0 : checkShape(tree, fail)
}

function checkNode(tree: Tree, node: number, { featureCount }: Ensemble, fail: Fail): void {
  const feature = tree.feature[node]!
  if (feature < 0 || feature >= featureCount) {
    fail(`feature is ${feature}; the model has ${featureCount} features, counted from 0`, node)
  }
  const flags = tree.flags[node]!
  if ((flags & ~ALL_FLAGS) !== 0 || (flags & NODE.missingZero && flags & NODE.missingNan)) {
    fail(`flags are ${flags}, which is no set of a node's flags`, node)
  }
  if ((flags & NODE.categorical) === 0) {
    if (Number.isNaN(tree.threshold[node]!)) fail('the threshold is NaN', node)
  } else if (tree.categories === undefined) fail('it is categorical, but the tree has no categories', node)
}

function checkCategories({ categories, feature }: Tree, fail: Fail): void {
  if (categories === undefined) return
  const { start, words } = categories
  if (start.length !== feature.length + 1)
    fail(
      `categories begin at ${start.length} places; ${feature.length} nodes need one more than there are nodes`,
    )
  checkStarts(start, words.length, 'categories', fail)
}

function checkLinear({ linear }: Tree, leafCount: number, featureCount: number, fail: Fail): void {
  if (linear === undefined) return
  const { start, feature, coefficient, constant } = linear
  if (start.length !== leafCount + 1 || constant.length !== leafCount)
    fail(`linear models for ${constant.length} leaves; the tree has ${leafCount}`)
  if (coefficient.length !== feature.length)
    fail(`linear models have ${feature.length} features and ${coefficient.length} coefficients`)
  checkStarts(start, feature.length, 'linear models', fail)
  for (const index of feature) {
    if (index < 0 || index >= featureCount)
      fail(`a linear model uses feature ${index}; the model has ${featureCount} features, counted from 0`)
  }
}

function checkStarts(start: Int32Array, length: number, what: string, fail: Fail): void {
  for (let index = 1; index < start.length; index++) {
    if (start[index]! < start[index - 1]!) fail(`the ${what} of place ${index - 1} end before they begin`)
  }
  if (start[0] !== 0 || start.at(-1) !== length)
    fail(`the ${what} fill ${String(start[0])} to ${String(start.at(-1))}; there are ${length}`)
}

/** Walks the tree from its root without recursion, and returns the number of nodes on the longest path. */
function checkShape({ left, right }: Tree, fail: Fail): number {
  const nodeCount = left.length
  const isNodeSeen = new Uint8Array(nodeCount)
  const isLeafSeen = new Uint8Array(nodeCount + 1)
  const level = new Int32Array(nodeCount)
  const pending = new Int32Array(nodeCount)
  let pendingCount = 0
  let reached = 0
  let levels = 1
  isNodeSeen[0] = 1
  level[0] = 1
  pending[pendingCount++] = 0
  while (pendingCount > 0) {
    const node = pending[--pendingCount]!
    reached++
    for (const [side, child] of [
      ['left', left[node]!],
      ['right', right[node]!],
    ] as const) {
      const isLeaf = child < 0
      const index = isLeaf ? ~child : child
      const seen = isLeaf ? isLeafSeen : isNodeSeen
      const kind = isLeaf ? 'leaf' : 'node'
      if (index >= seen.length) fail(`${side} child is ${kind} ${index}; there are ${seen.length}`, node)
      if (seen[index] === 1) fail(`${side} child is ${kind} ${index}, which the tree reaches twice`, node)
      seen[index] = 1
      if (isLeaf) continue
      level[index] = level[node]! + 1
      if (level[index] > levels) levels = level[index]
      if (levels > MOST_LEVELS) fail(`it lies deeper than ${MOST_LEVELS} levels`, index)
      pending[pendingCount++] = index
    }
  }
  if (reached < nodeCount) fail('the tree never reaches it', isNodeSeen.indexOf(0))
  return levels
}

function isCount(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most
}
