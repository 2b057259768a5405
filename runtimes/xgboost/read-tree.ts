import { NODE, type Tree } from '@millrace/trees'
import type { DocumentObject } from './document-object.ts'

/** One more than the largest category; XGBoost allows as many as a float32 counts exactly. */
const MOST_CATEGORIES = 1 << 24

/** A tree as it scores, and the number that XGBoost knows each of its leaves by. */
export interface ReadTree {
  readonly tree: Tree
  readonly leafIds: Int32Array
}

/** What all trees of a model have to share, so that small files stay small in memory. */
export interface CategoryBudget {
  wordsLeft: number
}

/**
 * Brings a tree of the document into the form that is scored: nodes that were deleted are left out, and children of
 * categorical nodes change places, because XGBoost sends the values of the set to the right.
 * @param valuesALeaf more than 1 for trees with a vector in every leaf
 */
export function readTree(source: DocumentObject, valuesALeaf: number, budget: CategoryBudget): ReadTree {
  const left = source.integers('left_children')
  const right = source.integers('right_children')
  const feature = source.integers('split_indices')
  const condition = source.numbers('split_conditions')
  const defaultLeft = source.integers('default_left')
  const nodeCount = left.length
  if (nodeCount === 0) source.fail('it has no nodes')
  for (const [name, { length }] of Object.entries({
    right_children: right,
    split_indices: feature,
    split_conditions: condition,
    default_left: defaultLeft,
  })) {
    if (length !== nodeCount)
      source.fail(`${name} has ${length} elements, left_children ${nodeCount}; expected as many`)
  }
  const sets = readCategorySets(source, nodeCount)
  const leafValueOf = leafValues(source, condition, right, valuesALeaf)

  const innerCount = countInner(left)
  const nodes = {
    feature: new Int32Array(innerCount),
    threshold: new Float64Array(innerCount),
    left: new Int32Array(innerCount),
    right: new Int32Array(innerCount),
    flags: new Uint8Array(innerCount),
  }
  const setOf: (Int32Array | undefined)[] = []
  const leafIds: number[] = []
  const leafValue: number[] = []
  const isSeen = new Uint8Array(nodeCount)
  /** Nodes still to be placed: the node, the new number of its parent, and whether it is the left child there. */
  const pending: [node: number, parent: number, isLeft: boolean][] = [[0, -1, true]]
  let placed = 0
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [node, parent, isLeft] = next
    isSeen[node] = 1
    const isLeaf = left[node] === -1
    const index = isLeaf ? ~leafIds.length : placed
    if (parent >= 0) (isLeft ? nodes.left : nodes.right)[parent] = index
    if (isLeaf) {
      leafIds.push(node)
      for (let output = 0; output < valuesALeaf; output++) leafValue.push(leafValueOf(node, output))
      continue
    }
    placed++
    for (const child of [left[node]!, right[node]!]) {
      if (child < 0 || child >= nodeCount)
        source.fail(`node ${node} has child ${child}; there are ${nodeCount} nodes`)
      if (isSeen[child] === 1) source.fail(`node ${node} has child ${child}, which the tree reaches twice`)
      isSeen[child] = 1
    }
    const set = sets?.get(node)
    const isCategorical = set !== undefined
    setOf.push(set)
    nodes.feature[index] = feature[node]!
    nodes.threshold[index] = isCategorical ? 0 : Math.fround(condition[node]!)
    if ((defaultLeft[node] !== 0) !== isCategorical) nodes.flags[index]! |= NODE.defaultLeft
    nodes.flags[index]! |= isCategorical ? NODE.categorical | NODE.missingNan : NODE.missingNan
    pending.push([right[node]!, index, isCategorical], [left[node]!, index, !isCategorical])
  }
  const trimmed = Object.fromEntries(
    Object.entries(nodes).map(([name, array]) => [name, array.subarray(0, placed)]),
  ) as unknown as typeof nodes
  const tree: Tree = {
    ...trimmed,
    leafValue: Float64Array.from(leafValue),
    ...(sets === undefined ? {} : { categories: toBits(setOf, source, budget) }),
  }
  return { tree, leafIds: Int32Array.from(leafIds) }
}

function countInner(left: Int32Array): number {
  let count = 0
  for (const child of left) if (child !== -1) count++
  return count
}

/** How to find the value of a leaf: in its node, or for vectors in a list of their own. */
function leafValues(
  source: DocumentObject,
  condition: Float64Array,
  right: Int32Array,
  valuesALeaf: number,
): (node: number, output: number) => number {
  const finite = (value: number | undefined, node: number): number => {
    if (value === undefined || !Number.isFinite(value))
      source.fail(`leaf ${node} has value ${String(value)}; expected a number`)
    return Math.fround(value)
  }
  if (valuesALeaf === 1) return node => finite(condition[node], node)
  // Newer files keep the vectors of leaves alone and say in `right_children` which; older ones one for every node.
  if (source.has('leaf_weights')) {
    const weights = source.numbers('leaf_weights')
    return (node, output) => finite(weights[right[node]! * valuesALeaf + output], node)
  }
  const weights = source.numbers('base_weights')
  return (node, output) => finite(weights[node * valuesALeaf + output], node)
}

/** By node: the categories that it sends to the right. */
function readCategorySets(
  source: DocumentObject,
  nodeCount: number,
): ReadonlyMap<number, Int32Array> | undefined {
  if (!source.has('split_type')) return undefined
  const types = source.integers('split_type')
  if (types.length !== nodeCount)
    source.fail(`split_type has ${types.length} elements; expected ${nodeCount}`)
  if (!types.includes(1)) return undefined
  const nodes = source.integers('categories_nodes')
  const starts = source.integers('categories_segments')
  const sizes = source.integers('categories_sizes')
  const categories = source.integers('categories')
  if (starts.length !== nodes.length || sizes.length !== nodes.length)
    source.fail(
      `categories_nodes, _segments and _sizes have ${nodes.length}, ${starts.length} and ${sizes.length} elements`,
    )
  const sets = new Map<number, Int32Array>()
  let total = 0
  for (const [index, node] of nodes.entries()) {
    const start = starts[index]!
    const size = sizes[index]!
    total += size
    // Sets never share categories: together they have no more than there are.
    if (
      start < 0 ||
      size < 0 ||
      start + size > categories.length ||
      total > categories.length ||
      sets.has(node)
    )
      source.fail(`categories of node ${node} are ${size} from ${start} on; there are ${categories.length}`)
    sets.set(node, categories.subarray(start, start + size))
  }
  for (const [node, type] of types.entries()) {
    if (type === 1 && !sets.has(node)) source.fail(`node ${node} is categorical, but has no categories`)
    if (type !== 0 && type !== 1) source.fail(`node ${node} has split_type ${type}; allowed are 0 and 1`)
    if (type === 0) sets.delete(node)
  }
  return sets
}

function toBits(
  sets: readonly (Int32Array | undefined)[],
  source: DocumentObject,
  budget: CategoryBudget,
): { readonly start: Int32Array; readonly words: Uint32Array } {
  const start = new Int32Array(sets.length + 1)
  for (const [node, set] of sets.entries()) {
    let most = -1
    for (const category of set ?? []) {
      if (category < 0 || category >= MOST_CATEGORIES)
        source.fail(`a category is ${category}; allowed are 0 to ${MOST_CATEGORIES - 1}`)
      most = Math.max(most, category)
    }
    const words = (most + 32) >>> 5
    budget.wordsLeft -= words
    if (budget.wordsLeft < 0) source.fail('the categories of the model need more than 64 MiB')
    start[node + 1] = start[node]! + words
  }
  const words = new Uint32Array(start.at(-1)!)
  for (const [node, set] of sets.entries()) {
    for (const category of set ?? []) words[start[node]! + (category >>> 5)]! |= 1 << (category & 31)
  }
  return { start, words }
}
