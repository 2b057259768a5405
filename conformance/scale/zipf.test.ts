import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Random } from '../fuzz/inputs/random.ts'
import { Zipf } from './zipf.ts'

test('the shares of three ranks are as 6 to 3 to 2', () => {
  const zipf = new Zipf(3)
  assert.deepEqual(
    [0, 1, 2, 3, 9].map(count => Math.round(zipf.shareOf(count) * 11)),
    [0, 6, 9, 11, 11],
  )
  const random = new Random('zipf')
  const counts = [0, 0, 0]
  for (let draw = 0; draw < 11_000; draw++) counts[zipf.draw(random)]! += 1
  for (const [rank, wanted] of [6000, 3000, 2000].entries()) {
    assert.ok(Math.abs(counts[rank]! - wanted) < 200, `rank ${rank} was drawn ${counts[rank]} times`)
  }
})

test('whatever the number of ranks and the exponent, every draw is one of them, and a seed repeats them', () => {
  const exponents = fc.double({ min: 0, max: 3, noNaN: true })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), exponents, fc.integer(), (count, exponent, seed) => {
      const draws = () => {
        const [zipf, random] = [new Zipf(count, exponent), new Random(seed)]
        return Array.from({ length: 50 }, () => zipf.draw(random))
      }
      const drawn = draws()
      assert.ok(drawn.every(rank => Number.isInteger(rank) && rank >= 0 && rank < count))
      assert.deepEqual(draws(), drawn)
    }),
  )
})

test('there is nothing to draw from without ranks', () => {
  for (const count of [0, -1, 1.5, Number.NaN]) assert.throws(() => new Zipf(count), /ranks cannot be drawn/)
})
