import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ratioOfRuns, spreadOf } from './statistics.ts'

test('the median of an odd number of runs is the middle one, whatever their order', () => {
  assert.deepEqual(spreadOf([30, 10, 20]), { median: 20, min: 10, max: 30 })
})

test('the median of an even number of runs lies between the middle two', () => {
  assert.deepEqual(spreadOf([4, 1, 3, 2]), { median: 2.5, min: 1, max: 4 })
})

test('values are compared as numbers', () => {
  assert.equal(spreadOf([9, 10, 100]).median, 10)
})

test('there is no spread of nothing', () => {
  assert.throws(() => spreadOf([]), RangeError)
})

test('the runs given are left in their order', () => {
  const runs = [3, 1, 2]
  spreadOf(runs)
  assert.deepEqual(runs, [3, 1, 2])
})

test('a ratio is taken run by run', () => {
  // A machine half as fast in the second run changes both, and so not the ratio.
  assert.deepEqual(ratioOfRuns([10, 20, 10], [5, 10, 5]), { median: 2, min: 2, max: 2 })
})

test('a run without a partner is left out', () => {
  assert.deepEqual(ratioOfRuns([10, 20], [5]), { median: 2, min: 2, max: 2 })
})
