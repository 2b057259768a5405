import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { recogniseModel } from './recognise-model.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'recognise-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function place(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
  return path
}

async function recognised(path = folder) {
  const model = await recogniseModel(path)
  return model === undefined ? undefined : `${model.implementation} ${model.uri.replace(folder, '.')}`
}

const XGBOOST_JSON = '{"learner":{"attributes":{}},"version":[3,2,0]}'
const LIGHTGBM_TEXT = 'tree\nversion=v4\nnum_class=1\n'

test('a file is known by its name and its beginning, whatever wrote it', async () => {
  const table: [name: string, content: string, expected: string | undefined][] = [
    ['a.onnx', '', '@millrace/onnx:OnnxModel'],
    ['a.json', XGBOOST_JSON, '@millrace/xgboost:XgboostModel'],
    ['a.ubj', '{L\0\0\0\0\0\0\0\x07learner{', '@millrace/xgboost:XgboostModel'],
    ['a.bst', XGBOOST_JSON, '@millrace/xgboost:XgboostModel'],
    ['b.bst', LIGHTGBM_TEXT, '@millrace/lightgbm:LightgbmModel'],
    ['c.bst', 'binf\0\0\0\x3f', '@millrace/xgboost:XgboostModel'],
    ['d.bst', 'something else', undefined],
    ['a.txt', LIGHTGBM_TEXT, '@millrace/lightgbm:LightgbmModel'],
    ['b.txt', 'a tree is a plant', undefined],
    ['b.json', '{"name":"sum"}', undefined],
    ['c.json', '{\n  "version": [2, 0, 0],\n  "learner": {', '@millrace/xgboost:XgboostModel'],
    ['d.json', '{"method":"learner","options":{}}', undefined],
    ['e.json', '{"options":{"learner":{"rate":1}}}', undefined],
    ['a.cbm', 'CBM1', '@millrace/python:CatboostModel'],
    ['a.joblib', '', '@millrace/python:SklearnModel'],
    ['a.pkl', '', '@millrace/python:SklearnModel'],
    ['a.h5', '', undefined],
  ]
  for (const [name, content, implementation] of table) {
    const path = await place(name, content)
    const expected = implementation === undefined ? undefined : `${implementation} ./${name}`
    assert.equal(await recognised(path), expected, name)
  }
})

test('a folder is known by its one model file, or the one that is called model', async () => {
  assert.equal(await recognised(), undefined)
  await place('README.txt', 'about a tree')
  await place('labels.json', '{}')
  await place('weights.onnx', '')
  assert.equal(await recognised(), '@millrace/onnx:OnnxModel ./weights.onnx')
  await place('model.bst', LIGHTGBM_TEXT)
  assert.equal(await recognised(), '@millrace/lightgbm:LightgbmModel ./model.bst')
  await place('model.json', XGBOOST_JSON)
  await assert.rejects(recogniseModel(folder), {
    code: 'INVALID_ARGUMENT',
    message: `${folder} holds several models: model.bst, model.json; name one of them in a model-settings.json as parameters.uri, or give each a folder`,
  })
})

test('folders that are one model as a whole', async () => {
  await place('model.pkl', '')
  await place('MLmodel', 'flavors: {}')
  assert.equal(await recognised(), '@millrace/python:MlflowModel .')
  await rm(join(folder, 'MLmodel'))
  await place('src/func_main.py', 'def predict(x): return x')
  assert.equal(await recognised(), '@millrace/python:FuncMainModel .')
  await rm(join(folder, 'src'), { recursive: true })
  await place('func_main.ts', 'export function predict() {}')
  assert.equal(await recognised(), '@millrace/sdk:NamedFunctionModel .')
  await rm(join(folder, 'func_main.ts'))
  await place('onnx/model.onnx', '')
  await place('config.json', '{"model_type":"bert"}')
  assert.equal(await recognised(), '@millrace/transformers:TransformersModel .')
  await place('config.json', '{"model_type":')
  assert.equal(await recognised(), '@millrace/python:SklearnModel ./model.pkl')
})

test('what is not there, or of another kind', async () => {
  assert.equal(await recogniseModel(join(folder, 'none')), undefined)
  await mkdir(join(folder, 'model.onnx'))
  assert.equal(await recognised(), undefined)
  assert.equal(await recogniseModel('s3://bucket/model.onnx'), undefined)
})
