import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { OnnxModel } from '@millrace/onnx'
import { type BoundModel, bindModel, type RequestContext, toTensor } from '@millrace/sdk'
import expected from './expected.json' with { type: 'json' }
import settings from './model-settings.json' with { type: 'json' }

/** ONNX Runtime may add up in another order than scikit-learn, so the last bits of float32 differ. */
const TOLERANCE = 1e-5
const LEAST_ACCURACY = 0.95

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
let digits: BoundModel

before(async () => {
  await model.load()
  digits = bindModel(model)
})

after(() => model.unload())

async function read(
  images: readonly (readonly number[])[],
): Promise<{ digit: number[]; probabilities: number[] }> {
  const image = toTensor({ name: 'image', datatype: 'FP32', shape: [images.length, 64], data: images.flat() })
  const { outputs } = await digits.predict({ modelName: 'digits', inputs: [image] }, context)
  const [digit, probabilities] = outputs
  assert.ok(digit?.name === 'digit' && digit.datatype === 'INT64')
  assert.ok(probabilities?.name === 'probabilities' && probabilities.datatype === 'FP32')
  assert.deepEqual(digit.shape, [images.length])
  assert.deepEqual(probabilities.shape, [images.length, 10])
  return { digit: Array.from(digit.data, Number), probabilities: [...probabilities.data] }
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
  assert.deepEqual(model.inputs, [{ name: 'image', datatype: 'FP32', shape: [-1, 64] }])
  assert.deepEqual(
    model.outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    [
      { name: 'digit', datatype: 'INT64', shape: [-1] },
      { name: 'probabilities', datatype: 'FP32', shape: [-1, 10] },
    ],
  )
})

test('images that training never saw are read correctly', async () => {
  const { digit } = await read(expected.image)
  assert.equal(digit.length, 100)
  const correct = digit.filter((value, index) => value === expected.written[index]).length
  assert.ok(correct / digit.length >= LEAST_ACCURACY, `${correct} of ${digit.length} are right`)
})

test('all images in one batch are read as scikit-learn reads them', async () => {
  const { digit, probabilities } = await read(expected.image)
  assert.deepEqual(digit, expected.digit)
  assertClose(probabilities, expected.probabilities.flat())
})

test('every image on its own is read as scikit-learn reads it', async () => {
  for (const [row, image] of expected.image.entries()) {
    const { digit, probabilities } = await read([image])
    assert.deepEqual(digit, [expected.digit[row]])
    assertClose(probabilities, expected.probabilities[row]!)
  }
})
