import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { testSettings } from './test-settings.ts'

test('the name is that of the class in kebab-case', () => {
  const names = {
    Sum: 'sum',
    HousePrices: 'house-prices',
    ONNXModel: 'onnx-model',
    Resnet50Classifier: 'resnet50-classifier',
    echo: 'echo',
    my_model: 'my_model',
    '': 'model',
    default: 'model',
  }
  for (const [className, name] of Object.entries(names)) assert.equal(testSettings(className).name, name)
})

test('everything else is what an empty settings file gives', () => {
  const folder = process.cwd()
  assert.deepEqual(testSettings('HousePrices'), {
    name: 'house-prices',
    version: undefined,
    implementation: './house-prices.ts:HousePrices',
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
})

test('what is given stands, and the folder is made absolute', () => {
  const settings = testSettings('Sum', { name: 'total', folder: 'models/sum', extra: { rounds: 3 } })
  assert.equal(settings.name, 'total')
  assert.equal(settings.folder, resolve('models/sum'))
  assert.equal(settings.uri, settings.folder)
  assert.deepEqual(settings.extra, { rounds: 3 })
  assert.equal(testSettings('Sum', { uri: 's3://bucket/sum' }).uri, 's3://bucket/sum')
})
