import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { elementCount } from '../tensor/index.ts'
import { shapeMatches } from './contract-check.ts'
import { inferShape } from './shape-inference.ts'

test('works out the free dimension', () => {
  const cases: [number[], number, number[]][] = [
    [[-1], 5, [5]],
    [[-1, 3], 6, [2, 3]],
    [[2, -1, 2], 12, [2, 3, 2]],
    [[-1, 3], 0, [0, 3]],
    [[-1, -1], 4, [4, 1]],
    [[2, -1, -1], 4, [2, 2, 1]],
    [[2, 2], 4, [2, 2]],
    [[], 1, []],
    [[-1, 0], 0, [0, 0]],
    [[0], 0, [0]],
  ]
  for (const [pattern, count, shape] of cases) assert.deepEqual(inferShape(pattern, count, 'x'), shape)
})

test('refuses a count that no extent gives', () => {
  const cases: [number[], number][] = [
    [[-1, 3], 7],
    [[2, 2], 5],
    [[], 0],
    [[-1, 0], 5],
    [[0], 1],
    [[-1], Number.NaN],
  ]
  for (const [pattern, count] of cases) {
    assert.throws(() => inferShape(pattern, count, 'x'), {
      code: 'INVALID_ARGUMENT',
      message: `tensor 'x' has ${count === 1 ? '1 element, which does' : `${count} elements, which do`} not fit its declared shape [${pattern.join(',')}]`,
    })
  }
})

test('what it infers holds the elements and matches the pattern, or it refuses', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1, max: 4 }), { maxLength: 4 }), fc.nat(64), (pattern, count) => {
      let shape: readonly number[]
      try {
        shape = inferShape(pattern, count, 'x')
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'INVALID_ARGUMENT')
        return
      }
      assert.equal(elementCount(shape, 'x'), count)
      assert.equal(shapeMatches(shape, pattern), true)
    }),
  )
})
