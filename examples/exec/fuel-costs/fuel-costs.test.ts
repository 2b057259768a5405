import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ExecModel } from '@millrace/exec'
import type { TensorSpec } from '@millrace/sdk'
import { loadForTest } from '@millrace/sdk/testing'
import settings from './model-settings.json' with { type: 'json' }

const folder = fileURLToPath(new URL('.', import.meta.url))

test('the program is started, asked and stopped', async () => {
  const {
    name,
    parameters: { extra },
  } = settings
  const inputs = settings.inputs as TensorSpec[]
  const outputs = settings.outputs as TensorSpec[]
  await using model = await loadForTest(ExecModel, {
    settings: { name, folder, uri: folder, inputs, outputs, extra },
  })
  assert.ok(model.log.info.some(({ message }) => message === 'ready for trips'))
  const { values } = await model.predict({ kilometres: [100, 250], litres_per_100_km: [5, 8] })
  assert.deepEqual(values['costs'], Float64Array.of(9, 36))
  await assert.rejects(model.predict({ kilometres: [-1], litres_per_100_km: [5] }), {
    code: 'OUT_OF_RANGE',
    message: 'a distance is below 0',
  })
  await assert.rejects(model.predict({ kilometres: [100] }), {
    code: 'INVALID_ARGUMENT',
    message: /input 'litres_per_100_km' is missing/,
  })
})
