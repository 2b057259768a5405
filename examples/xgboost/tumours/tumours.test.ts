import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type TensorLike, toTensor } from '@millrace/sdk'
import { loadForTest } from '@millrace/sdk/testing'
import { XgboostModel } from '@millrace/xgboost'
import request from './example-request.json' with { type: 'json' }
import expected from './expected.json' with { type: 'json' }

/** Both sides compute in float32. */
const TOLERANCE = 1e-6
const OUTPUTS = ['predict', 'predict_proba']

const folder = fileURLToPath(new URL('.', import.meta.url))
const settings = { name: 'tumours', folder, uri: folder }

async function answersTo(
  inputs: readonly TensorLike[],
): Promise<{ label: number[]; probabilities: number[] }> {
  await using model = await loadForTest(XgboostModel, { settings })
  const { outputs } = await model.predict(inputs, { outputs: OUTPUTS })
  const [label, probabilities] = outputs
  assert.ok(label?.datatype === 'INT64' && probabilities?.datatype === 'FP32')
  return { label: Array.from(label.data, Number), probabilities: [...probabilities.data] }
}

function assertExpected({ label, probabilities }: { label: number[]; probabilities: number[] }): void {
  assert.deepEqual(label, expected.label)
  for (const [index, wanted] of expected.probabilities.flat().entries())
    assert.ok(Math.abs(probabilities[index]! - wanted) <= TOLERANCE, `element ${index}`)
}

test('all tumours in one tensor are classified as XGBoost does', async () => {
  const shape = [expected.rows.length, 30]
  assertExpected(await answersTo([{ name: 'x', datatype: 'FP32', shape, data: expected.rows.flat() }]))
})

test('and so they are with a tensor for each feature', async () => {
  const columns = expected.names.map((name, column) => {
    const data = expected.rows.map(row => row[column]!)
    return toTensor({ name, datatype: 'FP32', shape: [data.length], data })
  })
  assertExpected(await answersTo(columns))
})

test('the example request is one that the model answers', async () => {
  const inputs = request.inputs.map(input => ({ ...input, datatype: 'FP32' as const }))
  assert.deepEqual((await answersTo(inputs)).label, expected.label.slice(0, 2))
  assert.deepEqual(
    request.outputs.map(({ name }) => name),
    OUTPUTS,
  )
})
