import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { MeshModelInfo, MeshModelPreview } from '../../repository/index.ts'
import { createSizePrediction } from './size-prediction.ts'

const { signal } = new AbortController()

/** Models whose type is their format, and whose path the bytes on their disk; none of them is on this machine. */
const preview = async (_: string, { type, path }: MeshModelInfo): Promise<MeshModelPreview> => ({
  format: type,
  diskSizeBytes: path === '' ? undefined : Number(path),
  settings: undefined,
})
const sizes = { predict: async () => 0 }
const modelOf = (type: string, path = ''): MeshModelInfo => ({ type, path, key: '' })

test('with nothing to go by the default, then three quarters of what a format took', async () => {
  const prediction = createSizePrediction({ models: { preview }, sizes, defaultBytes: 7 })
  assert.equal(await prediction.predict('m', modelOf('onnx'), signal), 7)
  assert.equal(await prediction.predict('m', modelOf('onnx', '100'), signal), 125)
  for (const bytes of [100, 400, 200, 300]) await prediction.learn('m', modelOf('onnx'), bytes)
  assert.equal(await prediction.predict('m', modelOf('onnx'), signal), 300)
  assert.equal(await prediction.predict('m', modelOf('other'), signal), 7)
  for (const times of [2, 4, 3]) await prediction.learn('m', modelOf('onnx', '1000'), 1000 * times)
  assert.equal(await prediction.predict('m', modelOf('onnx', '10'), signal), 40)
})

test('an answer is there in time, whatever the disk does', async () => {
  const stuck = { preview: () => new Promise<MeshModelPreview>(() => {}) }
  const prediction = createSizePrediction({ models: stuck, sizes, defaultBytes: 7, timeoutMs: 1 })
  assert.equal(await prediction.predict('m', modelOf('onnx'), signal), 7)
})

test('a prediction lies within what was seen, and formats beyond a number are not remembered', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 1e12 }), { minLength: 1, maxLength: 200 }),
      async seen => {
        const prediction = createSizePrediction({ models: { preview }, sizes, defaultBytes: 7 })
        for (const bytes of seen) await prediction.learn('m', modelOf('x'), bytes)
        const predicted = await prediction.predict('m', modelOf('x'), signal)
        return seen.slice(-64).includes(predicted)
      },
    ),
    { numRuns: 50 },
  )
  const prediction = createSizePrediction({ models: { preview }, sizes, defaultBytes: 7 })
  for (let index = 0; index < 300; index++) await prediction.learn('m', modelOf(`f${index}`), 100)
  assert.equal(await prediction.predict('m', modelOf('f1'), signal), 100)
  assert.equal(await prediction.predict('m', modelOf('f299'), signal), 7)
})
