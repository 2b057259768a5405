import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileChoice } from './variant-choice.ts'

test('a variant answers for its part of the hundred', () => {
  const cases: [weights: number[], r: number, expected: number][] = [
    [[100], 0, 0],
    [[100], 99.99, 0],
    [[50, 50], 49.99, 0],
    [[50, 50], 50, 1],
    [[80, 20], 79, 0],
    [[80, 20], 80, 1],
    [[20, 80], 0, 0],
    [[20, 80], 20, 1],
    [[100, 0], 99.99, 0],
    [[0, 100], 0, 1],
    [[29, 71], 29, 1],
    [[30, 0, 70], 30, 2],
    [[1, 1], 50, 1],
    [[0, 0], 50, -1],
    [[], 0, -1],
  ]
  for (const [weights, r, expected] of cases) {
    assert.equal(compileChoice(weights)(r), expected, `${weights.join()} at ${r}`)
  }
})

test('whatever the weights, shares match them, and a weight of 0 never answers', () => {
  const weights = fc
    .array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 6 })
    .filter(list => list.some(weight => weight > 0))
  fc.assert(
    fc.property(weights, list => {
      const choose = compileChoice(list)
      const total = list.reduce((sum, weight) => sum + weight, 0)
      const counts = list.map(() => 0)
      // The middle of each of `total` equal parts.
      for (let part = 0; part < total; part++) counts[choose(((part + 0.5) / total) * 100)]!++
      assert.deepEqual(counts, list)
    }),
  )
  fc.assert(
    fc.property(weights, fc.double({ min: 0, max: 100, maxExcluded: true, noNaN: true }), (list, r) => {
      assert.ok(list[compileChoice(list)(r)]! > 0)
    }),
  )
})
