import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { boundsFor } from './bounds.ts'

for (const precision of ['float32', 'float64'] as const) {
  for (const comparison of ['<', '<='] as const) {
    test(`${comparison} in ${precision} is the same as a comparison with a bound, for every pair of numbers`, () => {
      const boundOf = boundsFor(comparison, precision)
      const number = precision === 'float32' ? fc.float({ noNaN: true }) : fc.double({ noNaN: true })
      const pair = fc.oneof(
        fc.tuple(number, number),
        number.map(value => [value, value] as const),
      )
      fc.assert(
        fc.property(pair, ([value, threshold]) => {
          const isLeft = comparison === '<' ? value < threshold : value <= threshold
          assert.equal(value >= boundOf(threshold, false), !isLeft)
          assert.equal(-value >= boundOf(threshold, true), isLeft)
        }),
      )
    })
  }
}
