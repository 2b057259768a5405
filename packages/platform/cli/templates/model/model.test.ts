import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadForTest } from '@millrace/sdk/testing'
import { {{className}} } from './model.ts'

test('tells how far each value lies from their mean', async () => {
  await using model = await loadForTest({{className}})
  const { values } = await model.predict({ values: [1, 2, 6] })
  assert.deepEqual(values, { mean: Float32Array.of(3), deviations: Float32Array.of(-2, -1, 3) })
})

test('refuses what the contract does not allow', async () => {
  await using model = await loadForTest({{className}})
  const wrong = [{ name: 'values', datatype: 'INT32' as const, shape: [1], data: [1] }]
  await assert.rejects(model.predict(wrong), /input 'values' has datatype INT32; expected FP32/)
})
