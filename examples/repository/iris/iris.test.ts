import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { OnnxModel } from '@millrace/onnx'
import { type BoundModel, bindModel, type RequestContext, toTensor } from '@millrace/sdk'
import expected from './expected.json' with { type: 'json' }
import settings from './model-settings.json' with { type: 'json' }

/** ONNX Runtime computes in float32 what scikit-learn computed in float64. */
const TOLERANCE = 1e-5

const folder = fileURLToPath(new URL('.', import.meta.url))
const ignore = (): void => {}
const metric = (): typeof ignore => ignore
const context: RequestContext = {
  headers: {},
  signal: new AbortController().signal,
  deadlineMs: Number.POSITIVE_INFINITY,
  setHeader: ignore,
  log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  metrics: { counter: metric, gauge: metric, histogram: metric },
}
const model = new OnnxModel({
  ...settings,
  version: undefined,
  folder,
  uri: folder,
  platform: '',
  versionNotes: [],
  inputs: [],
  outputs: [],
  enforceContract: true,
  contentType: undefined,
  extra: {},
  parameters: {},
})
let iris: BoundModel

before(async () => {
  await model.load()
  iris = bindModel(model)
})

after(() => model.unload())

async function classify(
  flowers: readonly (readonly number[])[],
): Promise<{ label: number[]; probabilities: number[] }> {
  const measurements = toTensor({
    name: 'measurements',
    datatype: 'FP32',
    shape: [flowers.length, 4],
    data: flowers.flat(),
  })
  const { outputs } = await iris.predict({ modelName: 'iris', inputs: [measurements] }, context)
  const [label, probabilities] = outputs
  assert.ok(label?.name === 'label' && label.datatype === 'INT64')
  assert.ok(probabilities?.name === 'probabilities' && probabilities.datatype === 'FP32')
  assert.deepEqual(label.shape, [flowers.length])
  assert.deepEqual(probabilities.shape, [flowers.length, 3])
  return { label: Array.from(label.data, Number), probabilities: [...probabilities.data] }
}

function assertClose(actual: readonly number[], wanted: readonly number[]): void {
  assert.equal(actual.length, wanted.length)
  for (const [index, value] of wanted.entries()) {
    assert.ok(
      Math.abs(actual[index]! - value) <= TOLERANCE,
      `element ${index}: ${actual[index]}, not ${value}`,
    )
  }
}

test('the contract is the one that train.py wrote into the graph', () => {
  assert.deepEqual(model.inputs, [{ name: 'measurements', datatype: 'FP32', shape: [-1, 4] }])
  assert.deepEqual(
    model.outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    [
      { name: 'label', datatype: 'INT64', shape: [-1] },
      { name: 'probabilities', datatype: 'FP32', shape: [-1, 3] },
    ],
  )
})

test('all 150 flowers in one batch are classified as scikit-learn does', async () => {
  assert.equal(expected.measurements.length, 150)
  const { label, probabilities } = await classify(expected.measurements)
  assert.deepEqual(label, expected.label)
  assertClose(probabilities, expected.probabilities.flat())
})

test('every flower on its own is classified as scikit-learn does', async () => {
  for (const [row, flower] of expected.measurements.entries()) {
    const { label, probabilities } = await classify([flower])
    assert.deepEqual(label, [expected.label[row]])
    assertClose(probabilities, expected.probabilities[row]!)
  }
})

test('a flower with a measurement too few is refused', async () => {
  const three = toTensor({ name: 'measurements', datatype: 'FP32', shape: [1, 3], data: [5.1, 3.5, 1.4] })
  await assert.rejects(iris.predict({ modelName: 'iris', inputs: [three] }, context), {
    code: 'INVALID_ARGUMENT',
    message: /input 'measurements' has shape \[1,3\]; expected \[-1,4\]/,
  })
})
