import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measure } from './src/func_main.ts'

test('a degree of the equator, and no way at all', () => {
  const from = { data: Float64Array.of(0, 0, 52.5, 13.4) }
  const to = { data: Float64Array.of(0, 1, 52.5, 13.4) }
  const { kilometres } = measure({ from, to })
  assert.deepEqual(kilometres.shape, [2])
  assert.ok(Math.abs(kilometres.data[0]! - (2 * Math.PI * 6371) / 360) < 1e-9)
  assert.equal(kilometres.data[1], 0)
})

test('trips without an end', () => {
  const from = { data: Float64Array.of(0, 0) }
  assert.throws(() => measure({ from, to: { data: new Float64Array(0) } }), /different numbers of places/)
})
