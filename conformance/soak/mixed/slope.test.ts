import assert from 'node:assert/strict'
import { test } from 'node:test'
import { slopeOf } from './slope.ts'

test('what grows evenly has its growth as slope', () => {
  const points = [0, 1, 2, 5].map(seconds => ({ seconds, bytes: 1000 + 7 * seconds }))
  assert.deepEqual(slopeOf(points), { bytesPerSecond: 7, totalBytes: 35 })
})

test('what goes up and down evenly has none', () => {
  const points = [0, 1, 2, 3, 4].map(seconds => ({ seconds, bytes: seconds % 2 }))
  assert.deepEqual(slopeOf(points), { bytesPerSecond: 0, totalBytes: 0 })
})
