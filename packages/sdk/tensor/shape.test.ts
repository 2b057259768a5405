import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { elementCount, formatShape } from './shape.ts'

const HUGE = 2 ** 52

function outcome(shape: readonly number[]): number | 'too many' {
  try {
    return elementCount(shape, 'x')
  } catch {
    return 'too many'
  }
}

test('counts elements', () => {
  const cases: [number[], number][] = [
    [[], 1],
    [[7], 7],
    [[5, 2, 3, 4], 120],
    [[1, 1, 1], 1],
    [[4, 0, 3], 0],
    [[-0], 0],
    [[2 ** 53 - 1], 2 ** 53 - 1],
  ]
  for (const [shape, count] of cases) assert.equal(elementCount(shape, 'x'), count)
})

test('a shape with a 0 is empty, wherever it stands and however large the rest', () => {
  assert.equal(elementCount([HUGE, HUGE, 0], 'x'), 0)
  assert.equal(elementCount([0, HUGE, HUGE], 'x'), 0)
  assert.equal(elementCount([...Array.from({ length: 30 }, () => HUGE), 0], 'x'), 0)
})

test('the order of the dimensions does not matter', () => {
  const dimension = fc.oneof(fc.nat(5), fc.constantFrom(0, HUGE, 2 ** 53 - 1, 2 ** 26))
  fc.assert(
    fc.property(fc.array(dimension, { maxLength: 30 }), shape => {
      assert.equal(outcome(shape), outcome(shape.toReversed()))
    }),
  )
})

test('refuses dimensions that are not', () => {
  for (const dimension of [-1, 1.5, Number.NaN, Infinity, 2 ** 53]) {
    assert.throws(() => elementCount([2, dimension], 'x'), {
      code: 'INVALID_ARGUMENT',
      message: `tensor 'x' has shape [2,${dimension}]: every dimension must be an integer from 0 to 2^53 - 1`,
    })
  }
})

test('refuses more elements than there can be', () => {
  for (const shape of [[2 ** 27, 2 ** 26], [HUGE, 2], Array.from({ length: 40 }, () => HUGE)]) {
    assert.throws(() => elementCount(shape, 'x'), {
      code: 'INVALID_ARGUMENT',
      message: `tensor 'x' has shape ${formatShape(shape)}: it has more elements than can be addressed`,
    })
  }
})

test('shows the beginning of a shape that is too long to show', () => {
  assert.equal(formatShape([1, -1, 3]), '[1,-1,3]')
  assert.equal(formatShape([]), '[]')
  assert.equal(formatShape(Array.from({ length: 16 }, () => 2)), `[${'2,'.repeat(15)}2]`)
  assert.equal(formatShape(Array.from({ length: 99_999 }, () => 2)), `[${'2,'.repeat(16)}… 99999 dimensions]`)
})
