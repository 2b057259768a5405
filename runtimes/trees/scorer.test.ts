import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkEnsemble } from './check-ensemble.ts'
import type { Ensemble, Rows, Scorer } from './ensemble.ts'
import { createRandom, type EnsembleTraits, randomEnsemble, randomValue } from './ensemble-fixture.ts'
import { createScorer } from './index.ts'
import { canPack, createPackedScorer } from './packed-scorer.ts'
import { createPlainScorer } from './plain-scorer.ts'

const traits = fc.record({
  comparison: fc.constantFrom('<' as const, '<=' as const),
  precision: fc.constantFrom('float32' as const, 'float64' as const),
  hasCategories: fc.boolean(),
  hasVectorLeaves: fc.boolean(),
  hasLinearLeaves: fc.boolean(),
})
const packedTraits = traits.map(
  (all): EnsembleTraits => ({ ...all, hasVectorLeaves: false, hasLinearLeaves: false }),
)
const plainTraits = traits.map(
  (all): EnsembleTraits => ({ ...all, hasCategories: false, hasVectorLeaves: false, hasLinearLeaves: false }),
)
/** Row counts on both sides of a row of lanes and of a block. */
const rowCounts = fc.constantFrom(0, 1, 2, 15, 16, 17, 40, 63, 64, 65, 130)
const seeds = fc.integer({ min: 1, max: 2 ** 31 })

function randomRows(random: () => number, ensemble: Ensemble, rowCount: number, isSingle: boolean): Rows {
  const length = rowCount * ensemble.featureCount
  const value = (): number => (random() < 0.2 ? Number.NaN : randomValue(random, number => number))
  return isSingle ? Float32Array.from({ length }, value) : Float64Array.from({ length }, value)
}

function marginsOf(
  scorer: Pick<Scorer, 'margins'>,
  ensemble: Ensemble,
  rows: Rows,
  rowCount: number,
  range?: { begin: number; end: number },
) {
  const out = new Float64Array(rowCount * ensemble.outputCount)
  scorer.margins(rows, rowCount, out, range)
  return out
}

test('packed trees give the same sums as plain ones, to the bit', () => {
  fc.assert(
    fc.property(seeds, packedTraits, rowCounts, fc.boolean(), (seed, chosen, rowCount, isSingle) => {
      const random = createRandom(seed)
      const ensemble = randomEnsemble(random, chosen)
      assert.ok(canPack(ensemble))
      const packed = createPackedScorer(ensemble, checkEnsemble(ensemble, 'test'))
      assert.ok(packed !== undefined)
      const plain = createPlainScorer(ensemble)
      const rows = randomRows(random, ensemble, rowCount, isSingle)
      const begin = Math.floor(random() * (ensemble.trees.length + 1))
      const end = begin + Math.floor(random() * (ensemble.trees.length + 1 - begin))
      for (const range of [undefined, { begin, end }]) {
        assert.deepEqual(
          marginsOf(packed, ensemble, rows, rowCount, range),
          marginsOf(plain, ensemble, rows, rowCount, range),
        )
      }
    }),
    { numRuns: 400 },
  )
})

test('many rows at once give what each gives alone, for every kind of tree', () => {
  fc.assert(
    fc.property(seeds, traits, rowCounts, (seed, chosen, rowCount) => {
      const random = createRandom(seed)
      const ensemble = randomEnsemble(random, chosen)
      const scorer = createScorer(ensemble)
      const rows = randomRows(random, ensemble, rowCount, chosen.precision === 'float32')
      const together = marginsOf(scorer, ensemble, rows, rowCount)
      assert.deepEqual(together, marginsOf(createPlainScorer(ensemble), ensemble, rows, rowCount))
      const treeCount = ensemble.trees.length
      const leaves = new Int32Array(rowCount * treeCount)
      scorer.leaves(rows, rowCount, leaves)
      for (let row = 0; row < rowCount; row++) {
        const { featureCount, outputCount } = ensemble
        const one = rows.slice(row * featureCount, (row + 1) * featureCount)
        assert.deepEqual(
          marginsOf(scorer, ensemble, one, 1),
          together.slice(row * outputCount, (row + 1) * outputCount),
        )
        const own = new Int32Array(treeCount)
        scorer.leaves(one, 1, own)
        assert.deepEqual(own, leaves.slice(row * treeCount, (row + 1) * treeCount))
      }
    }),
    { numRuns: 60 },
  )
})

test('without weights and linear models the leaves say what the sums are', () => {
  fc.assert(
    fc.property(seeds, plainTraits, (seed, chosen) => {
      const random = createRandom(seed)
      const { treeWeight: _, ...ensemble } = randomEnsemble(random, { ...chosen, precision: 'float64' })
      const scorer = createScorer(ensemble)
      const rows = randomRows(random, ensemble, 20, false)
      const leaves = new Int32Array(20 * ensemble.trees.length)
      scorer.leaves(rows, 20, leaves)
      const sums = marginsOf(scorer, ensemble, rows, 20)
      for (let row = 0; row < 20; row++) {
        const wanted = Float64Array.from(ensemble.baseMargin)
        for (const [index, tree] of ensemble.trees.entries())
          wanted[ensemble.treeOutput[index]!]! +=
            tree.leafValue[leaves[row * ensemble.trees.length + index]!]!
        assert.deepEqual(sums.slice(row * ensemble.outputCount, (row + 1) * ensemble.outputCount), wanted)
      }
    }),
    { numRuns: 100 },
  )
})

const stump: Ensemble = {
  featureCount: 1,
  outputCount: 1,
  trees: [
    {
      feature: Int32Array.of(0),
      threshold: Float64Array.of(1.5),
      left: Int32Array.of(~0),
      right: Int32Array.of(~1),
      flags: Uint8Array.of(8),
      leafValue: Float64Array.of(-1, 1),
    },
  ],
  treeOutput: Int32Array.of(0),
  comparison: '<',
  precision: 'float64',
  baseMargin: Float64Array.of(10),
}

test('below the threshold is left; up to it is left; missing goes where the node says', () => {
  const rows = Float64Array.of(1, 1.5, 2, Number.NaN)
  assert.deepEqual([...marginsOf(createScorer(stump), stump, rows, 4)], [9, 11, 11, 11])
  const upTo: Ensemble = { ...stump, comparison: '<=' }
  assert.deepEqual([...marginsOf(createScorer(upTo), upTo, rows, 4)], [9, 9, 11, 11])
  const left = { ...stump, trees: [{ ...stump.trees[0]!, flags: Uint8Array.of(9) }] }
  assert.deepEqual([...marginsOf(createScorer(left), left, rows, 4)], [9, 11, 11, 9])
  const none = { ...stump, trees: [{ ...stump.trees[0]!, flags: Uint8Array.of(0) }] }
  assert.deepEqual([...marginsOf(createScorer(none), none, rows, 4)], [9, 11, 11, 9])
})

test('a chain of thousands of nodes is scored', () => {
  const count = 4000
  const chain: Ensemble = {
    ...stump,
    trees: [
      {
        feature: new Int32Array(count),
        threshold: Float64Array.from({ length: count }, (_, node) => node),
        left: Int32Array.from({ length: count }, (_, node) => ~node),
        right: Int32Array.from({ length: count }, (_, node) => (node + 1 < count ? node + 1 : ~count)),
        flags: new Uint8Array(count).fill(8),
        leafValue: Float64Array.from({ length: count + 1 }, (_, leaf) => leaf),
      },
    ],
  }
  const rows = Float64Array.from({ length: 40 }, (_, row) => row * 100 - 0.5)
  const wanted = Array.from(rows, value => 10 + Math.max(0, Math.ceil(value)))
  assert.deepEqual([...marginsOf(createScorer(chain), chain, rows, 40)], wanted)
})

test('a call that does not suit the ensemble is INTERNAL', () => {
  const scorer = createScorer(stump)
  const out = new Float64Array(2)
  const wrong = { code: 'INTERNAL' }
  assert.throws(() => scorer.margins(new Float64Array(1), 2, out), wrong)
  assert.throws(() => scorer.margins(new Float64Array(3), 3, out), wrong)
  assert.throws(() => scorer.margins(new Float64Array(1), -1, out), wrong)
  assert.throws(() => scorer.margins(new Float64Array(1), 1, new Float32Array(1)), wrong)
  assert.throws(() => scorer.margins(new Float64Array(1), 1, out, { begin: 0, end: 2 }), wrong)
  assert.throws(() => scorer.leaves(new Float64Array(1), 1, new Int32Array(0)), wrong)
})
