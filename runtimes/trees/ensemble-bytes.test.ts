import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createScorer, type Ensemble, type Tree } from './index.ts'

/** A tree whose every node has a leaf on the left and the next node on the right. */
function chain(length: number): Tree {
  const nodes = Array.from({ length }, (_, node) => node)
  return {
    feature: new Int32Array(length),
    threshold: Float64Array.from(nodes),
    left: Int32Array.from(nodes, node => ~node),
    right: Int32Array.from(nodes, node => (node + 1 < length ? node + 1 : ~length)),
    flags: new Uint8Array(length),
    leafValue: new Float64Array(length + 1),
  }
}

function bytesOf(treeCount: number, length: number): number {
  const ensemble: Ensemble = {
    featureCount: 1,
    outputCount: 1,
    trees: Array.from({ length: treeCount }, () => chain(length)),
    treeOutput: new Int32Array(treeCount),
    comparison: '<',
    precision: 'float32',
    baseMargin: new Float64Array(1),
  }
  return createScorer(ensemble).memoryBytes
}

test('a scorer says what it keeps: no less than its numbers, and more for more of them', () => {
  assert.ok(bytesOf(100, 1000) > 100 * 1000 * 29)
  assert.ok(bytesOf(200, 1000) > 1.9 * bytesOf(100, 1000))
  assert.ok(bytesOf(1, 1) < 200_000)
})
