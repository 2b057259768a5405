import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createScorer, type Ensemble, type Tree } from './index.ts'

const tree: Tree = {
  feature: Int32Array.of(0, 1),
  threshold: Float64Array.of(0, 1),
  left: Int32Array.of(1, ~0),
  right: Int32Array.of(~2, ~1),
  flags: Uint8Array.of(8, 9),
  leafValue: Float64Array.of(1, 2, 3),
}
const ensemble: Ensemble = {
  featureCount: 2,
  outputCount: 1,
  trees: [tree],
  treeOutput: Int32Array.of(0),
  comparison: '<',
  precision: 'float32',
  baseMargin: Float64Array.of(0),
}

function refused(changes: Partial<Ensemble>, message: RegExp): void {
  assert.throws(() => createScorer({ ...ensemble, ...changes }, "'m.json'"), {
    code: 'FAILED_PRECONDITION',
    message,
  })
}
function refusedTree(changes: Partial<Tree>, message: RegExp): void {
  refused({ trees: [{ ...tree, ...changes }] }, message)
}

test('a sound ensemble passes', () => {
  createScorer(ensemble)
  createScorer({ ...ensemble, trees: [], treeOutput: new Int32Array(0) })
})

test('trees that are none are refused, with tree and node', () => {
  refusedTree(
    { left: Int32Array.of(7, ~0) },
    /^'m.json' cannot be served: tree 0, node 0: left child is node 7; there are 2/,
  )
  refusedTree({ left: Int32Array.of(0, ~0) }, /node 0: left child is node 0, which the tree reaches twice/)
  refusedTree({ left: Int32Array.of(1, 0) }, /node 1: left child is node 0, which the tree reaches twice/)
  refusedTree({ right: Int32Array.of(~2, ~0) }, /node 1: right child is leaf 0, which the tree reaches twice/)
  refusedTree({ right: Int32Array.of(~3, ~1) }, /node 0: right child is leaf 3; there are 3/)
  refusedTree(
    { left: Int32Array.of(~1, ~0) },
    /right child is leaf 1, which the tree|tree 0, node 1: the tree never reaches it/,
  )
  refusedTree({ left: Int32Array.of(-2_147_483_648, ~0) }, /left child is leaf 2147483647; there are 3/)
})

test('arrays that do not belong together are refused', () => {
  refusedTree({ threshold: Float64Array.of(0) }, /tree 0: 2 nodes have a feature, but 1 have threshold/)
  refusedTree({ leafValue: Float64Array.of(0) }, /tree 0: 1 leaf values; 2 nodes need 3 leaves of 1 each/)
  refused(
    { hasVectorLeaves: true, outputCount: 2, baseMargin: new Float64Array(2) },
    /need 3 leaves of 2 each/,
  )
  refused({ treeOutput: Int32Array.of(0, 0) }, /2 outputs are named for 1 trees/)
  refused({ treeOutput: Int32Array.of(1) }, /tree 0 adds to output 1; outputs are 0 to 0/)
  refused({ treeWeight: new Float64Array(2) }, /2 weights for 1 trees/)
  refused({ baseMargin: new Float64Array(2) }, /2 base margins; 1 outputs/)
  refused({ outputCount: 0 }, /it has 0 outputs/)
  refused({ featureCount: 1e9 }, /it has 1000000000 features/)
})

test('nodes that cannot be asked are refused', () => {
  refusedTree({ feature: Int32Array.of(0, 2) }, /node 1: feature is 2; the model has 2 features/)
  refusedTree({ feature: Int32Array.of(-1, 0) }, /node 0: feature is -1/)
  refusedTree({ threshold: Float64Array.of(Number.NaN, 0) }, /node 0: the threshold is NaN/)
  refusedTree({ flags: Uint8Array.of(2, 8) }, /node 0: it is categorical, but the tree has no categories/)
  refusedTree({ flags: Uint8Array.of(12, 8) }, /node 0: flags are 12/)
})

test('categories and linear models that point elsewhere are refused', () => {
  const words = new Uint32Array(1)
  refusedTree({ categories: { start: Int32Array.of(0, 1), words } }, /categories begin at 2 places/)
  refusedTree({ categories: { start: Int32Array.of(0, 2, 1), words } }, /categories of place 1 end before/)
  refusedTree({ categories: { start: Int32Array.of(0, 1, 9), words } }, /fill 0 to 9; there are 1/)
  const linear = {
    start: Int32Array.of(0, 1, 1, 1),
    feature: Int32Array.of(0),
    coefficient: Float64Array.of(1),
    constant: new Float64Array(3),
  }
  createScorer({ ...ensemble, trees: [{ ...tree, linear }] })
  refusedTree({ linear: { ...linear, feature: Int32Array.of(5) } }, /uses feature 5/)
  refusedTree({ linear: { ...linear, constant: new Float64Array(2) } }, /linear models for 2 leaves/)
  refusedTree({ linear: { ...linear, coefficient: new Float64Array(2) } }, /1 features and 2 coefficients/)
})

test('a path that is too long is refused', () => {
  const count = 5000
  refusedTree(
    {
      feature: new Int32Array(count),
      threshold: new Float64Array(count),
      flags: new Uint8Array(count).fill(8),
      left: Int32Array.from({ length: count }, (_, node) => ~node),
      right: Int32Array.from({ length: count }, (_, node) => (node + 1 < count ? node + 1 : ~count)),
      leafValue: new Float64Array(count + 1),
    },
    /node 4096: it lies deeper than 4096 levels/,
  )
})
