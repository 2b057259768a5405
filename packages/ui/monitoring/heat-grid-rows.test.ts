import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batchesOf, heatColor, heatGridRows } from './heat-grid-rows.ts'

const field = (name: string) => ({ name, dtype: 'DT_DOUBLE', shape: null })
const SIGNATURE = { signatureName: 'f', inputs: [field('x'), field('untouched')], outputs: [field('y')] }
const AGGREGATES = [
  {
    _hs_first_id: { $oid: 'a' },
    _hs_last_id: 'b',
    _hs_requests: 3,
    x: { checks: 6, passed: 4 },
    y: { checks: 0, passed: 0 },
    _hs_metrics: { outlier: { checked: 3, passed: 3 } },
  },
  {
    _hs_first_id: 'c',
    _hs_last_id: 'd',
    _hs_requests: 1,
    x: { checks: 2, passed: 2 },
    y: { checks: 1, passed: 0 },
  },
]

test('rows are what was checked, columns are batches', () => {
  assert.deepEqual(heatGridRows(AGGREGATES, SIGNATURE), [
    {
      name: 'x',
      kind: 'input',
      cells: [
        { checked: 6, passed: 4 },
        { checked: 2, passed: 2 },
      ],
    },
    { name: 'y', kind: 'output', cells: [undefined, { checked: 1, passed: 0 }] },
    { name: 'outlier', kind: 'metric', cells: [{ checked: 3, passed: 3 }, undefined] },
  ])
  assert.deepEqual(batchesOf(AGGREGATES)[0], { first: 'a', last: 'b', requests: 3 })
})

test('none is red, all is green', () => {
  assert.equal(heatColor({ checked: 4, passed: 0 }), 'hsl(0 65% 42%)')
  assert.equal(heatColor({ checked: 4, passed: 4 }), 'hsl(130 65% 56%)')
})
