import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { flattenNested, type Nested, nestValues } from './nested-values.ts'

test('lists in lists are a shape and values in row-major order', () => {
  assert.deepEqual(
    flattenNested([
      [1, 2, 3],
      [4, 5, 6],
    ]),
    { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] },
  )
  assert.deepEqual(flattenNested(7), { shape: [], values: [7] })
  assert.deepEqual(flattenNested([]), { shape: [0], values: [] })
  assert.deepEqual(flattenNested([[], []]), { shape: [2, 0], values: [] })
})

test('ragged lists are told by where they break', () => {
  assert.equal(flattenNested([[1, 2], [3]]), 'has lists of 2 and of 1 values side by side in dimension 1')
  assert.equal(flattenNested([[], [1]]), 'has lists of 0 and of 1 values side by side in dimension 1')
  assert.equal(flattenNested([[1], 2]), 'has a value beside a list in dimension 1')
  assert.equal(flattenNested([1, [2]]), 'has a list beside a value in dimension 1')
})

test('depth has a limit, for lists that contain themselves too', () => {
  let deep: Nested<number> = 1
  for (let depth = 0; depth < 64; depth++) deep = [deep]
  assert.equal(typeof flattenNested(deep), 'object')
  assert.equal(flattenNested([deep]), 'is nested more than 64 lists deep')
  const circle: unknown[] = []
  circle.push(circle)
  assert.equal(flattenNested(circle), 'is nested more than 64 lists deep')
})

test('values are put into lists by any shape, empty ones too', () => {
  assert.deepEqual(nestValues([1, 2, 3, 4], [2, 1, 2]), [[[1, 2]], [[3, 4]]])
  assert.equal(nestValues([1], []), 1)
  assert.deepEqual(nestValues([], [2, 0]), [[], []])
  assert.deepEqual(nestValues([], [0, 2]), [])
  assert.deepEqual(nestValues([], [2, 2, 0]), [
    [[], []],
    [[], []],
  ])
  assert.deepEqual(nestValues([], [0, 2 ** 53 - 1, 0]), [])
})

test('a shape of no elements cannot ask for lists without end', () => {
  assert.equal(nestValues([], [2 ** 53 - 1, 0]), undefined)
  assert.equal(nestValues([], [2 ** 40, 0, 5]), undefined)
  assert.equal(nestValues([], [65_537, 0]), undefined)
  assert.notEqual(nestValues([], [65_536, 0]), undefined)
})

test('nested and flattened again is the same', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 5 }), shape => {
      const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => index)
      assert.deepEqual(flattenNested(nestValues(values, shape)), { shape, values })
    }),
  )
})
