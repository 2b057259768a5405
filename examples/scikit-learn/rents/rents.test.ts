import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { OnnxModel } from '@millrace/onnx'
import { toTensor } from '@millrace/sdk'
import { loadForTest } from '@millrace/sdk/testing'
import expected from './expected.json' with { type: 'json' }

/** ONNX Runtime computes in float32 what scikit-learn computed in float64; rents are about a thousand euros. */
const TOLERANCE = 1e-2

const folder = fileURLToPath(new URL('.', import.meta.url))

test('every flat is estimated as scikit-learn does', async () => {
  await using model = await loadForTest(OnnxModel, { settings: { name: 'rents', folder, uri: folder } })
  assert.deepEqual(
    model.metadata.inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    [
      { name: 'district', datatype: 'BYTES', shape: [-1, 1] },
      { name: 'rooms', datatype: 'FP32', shape: [-1, 1] },
      { name: 'area', datatype: 'FP32', shape: [-1, 1] },
    ],
  )
  const count = expected.predict.length
  const shape = [count, 1]
  const { outputs } = await model.predict([
    toTensor({ name: 'district', datatype: 'BYTES', shape, data: expected.district }),
    toTensor({ name: 'rooms', datatype: 'FP32', shape, data: expected.rooms }),
    toTensor({ name: 'area', datatype: 'FP32', shape, data: expected.area }),
  ])
  const [predict] = outputs
  assert.ok(predict?.name === 'predict' && predict.datatype === 'FP32')
  assert.deepEqual(predict.shape, [count, 1])
  for (const [index, rent] of expected.predict.entries()) {
    const served = predict.data[index]!
    assert.ok(Math.abs(served - rent) <= TOLERANCE, `flat ${index}: ${served}, not ${rent}`)
  }
})
