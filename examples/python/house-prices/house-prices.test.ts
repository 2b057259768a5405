import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { PythonModel } from '@millrace/python'
import { loadForTest } from '@millrace/sdk/testing'
import example from './example-request.json' with { type: 'json' }
import settings from './model-settings.json' with { type: 'json' }

const folder = fileURLToPath(new URL('.', import.meta.url))
const python = [process.env['MILLRACE_TEST_PYTHON'], 'python3'].find(candidate => {
  try {
    execFileSync(candidate ?? '', ['-c', 'import numpy'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})
const skip = python === undefined && 'no Python with numpy: set MILLRACE_TEST_PYTHON to one'

test('the price of two houses, and of one that cannot be', { skip }, async () => {
  await using model = await loadForTest(PythonModel, {
    settings: {
      name: settings.name,
      implementation: settings.implementation,
      folder,
      uri: `${folder}weights.json`,
      inputs: [{ name: 'houses', datatype: 'FP64', shape: [-1, 3] }],
      outputs: [{ name: 'price', datatype: 'FP64', shape: [-1, 1] }],
      extra: { python },
    },
  })
  const [houses] = example.inputs
  const { outputs } = await model.predict({
    houses: { data: Float64Array.from(houses!.data), shape: [2, 3] },
  })
  assert.deepEqual(outputs[0]!.data, Float64Array.of(385_000, 190_000))
  await assert.rejects(model.predict({ houses: { data: Float64Array.of(0, 1, 1), shape: [1, 3] } }), {
    code: 'INVALID_ARGUMENT',
    message: 'a house has an area of more than 0 square metres',
  })
})

test('the settings name the class that is there', async () => {
  const [module, name] = settings.implementation.split('.')
  assert.match(
    await readFile(`${folder}${module}.py`, 'utf8'),
    new RegExp(`^class ${name}\\(MLModel\\):`, 'm'),
  )
})
