import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { compareCategories, countCategories } from './categorical-tests.ts'
import { chiSquareTail, fisherTail, kolmogorovTail, studentTail } from './distributions.ts'
import { compareDistributions, compareMeans, compareMedians, compareVariances } from './numeric-tests.ts'

function near(actual: number, expected: number): void {
  const isNear = Math.abs(actual - expected) <= 1e-9 + 1e-7 * Math.abs(expected)
  assert.ok(isNear, `${actual} is not ${expected}`)
}

// Expected values are those of another, well-known implementation.
suite('distributions', () => {
  test('tails are known values', () => {
    near(studentTail(0.5, 3), 0.651447964848151)
    near(studentTail(-2.1, 17.3), 0.050688223022867525)
    near(studentTail(5, 400.5), 8.59065023418135e-7)
    near(fisherTail(0.3, 1, 18), 0.5906104129962633)
    near(fisherTail(4.2, 1, 98), 0.043095894500797614)
    near(fisherTail(2.5, 3, 40), 0.07325435201794983)
    near(chiSquareTail(0.1, 1), 0.7518296340458492)
    near(chiSquareTail(3.84, 1), 0.05004352124870519)
    near(chiSquareTail(30, 12), 0.0027924293327009145)
    near(chiSquareTail(100, 60), 0.0009168288614560842)
  })

  test('tails are chances, and fall', () => {
    const value = fc.double({ min: 0, max: 1e6, noNaN: true })
    const freedom = fc.integer({ min: 1, max: 5_000 })
    fc.assert(
      fc.property(value, value, freedom, freedom, (a, b, above, below) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)]
        for (const tail of [
          (x: number) => studentTail(x, above),
          (x: number) => fisherTail(x, above, below),
          (x: number) => chiSquareTail(x, above),
          (x: number) => kolmogorovTail(Math.min(1, x), above, below),
        ]) {
          const [high, low] = [tail(less), tail(more)]
          assert.ok(low >= -1e-9 && high <= 1 + 1e-9 && low <= high + 1e-7, `${low} ${high}`)
        }
      }),
    )
  })
})

const A = Float64Array.of(1, 2, 2.5, 3, 3.5, 4, 5, 6.5, 7, 9)
const B = Float64Array.of(2, 4, 4.5, 5, 6, 8, 9, 10, 12, 15, 20, 21)

suite('tests of two samples', () => {
  test('give known values', () => {
    const means = compareMeans(A, B)
    near(means.pValue, 0.015457466428729841)
    near(means.training, 4.35)
    near(compareVariances(A, B).pValue, 0.043348289782192524)
    near(compareVariances(A, B).deployment, 38.65719696969697)
    const medians = compareMedians(A, B)
    near(medians.pValue, 0.19895893109239865)
    assert.deepEqual([medians.training, medians.deployment], [3.75, 8.5])
    near(compareDistributions(A, B).distance, 0.48333333333333334)
    const [one, two] = [
      new Map([
        ['a', 30],
        ['b', 50],
        ['c', 20],
      ]),
      new Map([
        ['a', 45],
        ['b', 35],
        ['c', 40],
      ]),
    ]
    near(compareCategories(one, two), 0.0050341868368289425)
  })

  test('say of a sample and itself that nothing has changed', () => {
    const sample = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 60 })
    fc.assert(
      fc.property(sample, values => {
        const sorted = Float64Array.from(values).toSorted()
        for (const compare of [compareMeans, compareMedians, compareVariances, compareDistributions]) {
          assert.ok(compare(sorted, sorted).pValue > 0.05)
        }
        const counts = countCategories(values.map(String))
        assert.ok(compareCategories(counts, counts) > 0.999)
      }),
    )
  })

  test('of samples that never vary are certain', () => {
    const [zeros, ones] = [new Float64Array(5), new Float64Array(5).fill(1)]
    assert.equal(compareMeans(zeros, zeros).pValue, 1)
    assert.equal(compareMeans(zeros, ones).pValue, 0)
    const tenths = [3, 7].map(count => new Float64Array(count).fill(0.1))
    assert.equal(compareMeans(tenths[0]!, tenths[1]!).pValue, 1)
    assert.equal(compareVariances(tenths[0]!, tenths[1]!).pValue, 1)
    assert.equal(compareVariances(zeros, ones).pValue, 1)
    assert.equal(compareDistributions(zeros, ones).distance, 1)
  })
})
