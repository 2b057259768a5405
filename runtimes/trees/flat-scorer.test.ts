import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Ensemble, NODE, type Rows } from './ensemble.ts'
import { createRandom, randomEnsemble, randomValue } from './ensemble-fixture.ts'
import { canFlatten, createFlatScorer } from './flat-scorer.ts'
import { createPlainScorer } from './plain-scorer.ts'

const seeds = fc.integer({ min: 1, max: 2 ** 31 })
const SPECIAL = [Number.NaN, -1, -0.5, 31, 32, 63, 63.9, 64, 2 ** 31, 2 ** 32, 1e300]

/** One that can be flattened: the traits that cannot are left out of what is drawn. */
function draw(random: () => number, hasCategories: boolean, hasLinearLeaves: boolean): Ensemble {
  const traits = {
    comparison: '<=',
    precision: 'float64',
    hasVectorLeaves: false,
    hasCategories,
    hasLinearLeaves,
  } as const
  const { treeWeight: _, ...drawn } = randomEnsemble(random, traits)
  for (const { flags } of drawn.trees) {
    for (const [node, flag] of flags.entries())
      if ((flag & NODE.categorical) !== 0) flags[node] = NODE.categorical
  }
  return { ...drawn, cutsNegativeCategories: true }
}

test('flat trees give the same sums and leaves as plain ones, to the bit', () => {
  fc.assert(
    fc.property(
      seeds,
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      fc.constantFrom(0, 1, 63, 64, 65, 130),
      (seed, hasCategories, isLinear, isSingle, rowCount) => {
        const random = createRandom(seed)
        const ensemble = draw(random, hasCategories, isLinear)
        assert.ok(canFlatten(ensemble))
        const length = rowCount * ensemble.featureCount
        const value = () =>
          random() < 0.4
            ? SPECIAL[Math.floor(random() * SPECIAL.length)]!
            : randomValue(random, number => number)
        const rows: Rows = isSingle
          ? Float32Array.from({ length }, value)
          : Float64Array.from({ length }, value)
        const begin = Math.floor(random() * (ensemble.trees.length + 1))
        for (const range of [
          { begin: 0, end: ensemble.trees.length },
          { begin, end: ensemble.trees.length },
        ]) {
          const [flat, plain] = [createFlatScorer(ensemble), createPlainScorer(ensemble)].map(scorer => {
            const margins = new Float64Array(rowCount * ensemble.outputCount)
            const leaves = new Int32Array(rowCount * (range.end - range.begin))
            scorer.margins(rows, rowCount, margins, range)
            scorer.leaves(rows, rowCount, leaves, range)
            return { margins, leaves }
          })
          assert.deepEqual(flat, plain)
        }
      },
    ),
    { numRuns: 400 },
  )
})

test('what it decides otherwise is left to others', () => {
  const ensemble = draw(createRandom(5), true, false)
  assert.ok(canFlatten(ensemble))
  assert.equal(canFlatten({ ...ensemble, comparison: '<' }), false)
  assert.equal(canFlatten({ ...ensemble, precision: 'float32' }), false)
  assert.equal(canFlatten({ ...ensemble, cutsNegativeCategories: false }), false)
  assert.equal(canFlatten({ ...ensemble, treeWeight: new Float64Array(ensemble.trees.length) }), false)
  const tree = ensemble.trees.find(({ flags }) => flags.includes(NODE.categorical))!
  const flags = tree.flags.map(flag => flag | NODE.defaultLeft)
  assert.equal(canFlatten({ ...ensemble, trees: [{ ...tree, flags }] }), false)
})
