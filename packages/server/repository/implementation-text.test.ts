import assert from 'node:assert/strict'
import { test } from 'node:test'
import { looksLikePythonClass, parseImplementation } from './implementation-text.ts'

test('the forms', () => {
  const table: [text: string, module: string, exportName: string, isPath: boolean][] = [
    ['./model.ts:Sum', './model.ts', 'Sum', true],
    ['./model.ts', './model.ts', 'default', true],
    ['../shared/model.js:Sum', '../shared/model.js', 'Sum', true],
    ['/opt/model.mjs:Sum', '/opt/model.mjs', 'Sum', true],
    ['./a:b/model.ts:Größe', './a:b/model.ts', 'Größe', true],
    ['pkg:Export', 'pkg', 'Export', false],
    ['pkg', 'pkg', 'default', false],
    ['pkg/sub:$_1', 'pkg/sub', '$_1', false],
    ['@scope/pkg:Export', '@scope/pkg', 'Export', false],
    ['@scope/pkg/sub', '@scope/pkg/sub', 'default', false],
    ['onnx', '@millrace/onnx', 'OnnxModel', false],
    ['model.ts:Sum', 'model.ts', 'Sum', false],
  ]
  for (const [text, module, exportName, isPath] of table) {
    assert.deepEqual(parseImplementation(text), { module, exportName, isPath }, text)
  }
})

test('what cannot be read', () => {
  for (const text of ['', ':Sum', './model.ts:', './model.ts:a-b', 'pkg:1x', './a:b/model.ts', 'pkg\0:X']) {
    assert.throws(() => parseImplementation(text), {
      code: 'INVALID_ARGUMENT',
      message:
        `implementation ${JSON.stringify(text)} cannot be read; write a file and its export (./model.ts:Sum), ` +
        'a package and its export (package:Export), or a runtime: onnx, xgboost, lightgbm, sklearn, catboost, mlflow, func_main, transformers, exec',
    })
  }
})

test('names of Python classes', () => {
  for (const text of ['sum.Sum', 'mlserver_sklearn.SKLearnModel', 'a.b.C'])
    assert.ok(looksLikePythonClass(text), text)
  for (const text of ['sum', './sum.ts', 'pkg:Sum', '@a/b.c', 'a..b', '1.b'])
    assert.ok(!looksLikePythonClass(text), text)
})

test("classes of MLServer's runtimes", () => {
  const table: [text: string, module: string, exportName: string][] = [
    ['mlserver_sklearn.SKLearnModel', '@millrace/python', 'SklearnModel'],
    ['mlserver_sklearn.sklearn.SKLearnModel', '@millrace/python', 'SklearnModel'],
    ['mlserver_xgboost.XGBoostModel', '@millrace/xgboost', 'XgboostModel'],
    ['mlserver_lightgbm.LightGBMModel', '@millrace/lightgbm', 'LightgbmModel'],
    ['mlserver_catboost.CatboostModel', '@millrace/python', 'CatboostModel'],
    ['mlserver_mlflow.MLflowRuntime', '@millrace/python', 'MlflowModel'],
    ['mlserver_mllib.MLlibModel', '@millrace/python', 'MllibModel'],
    ['mlserver-mllib.MLlibModel', '@millrace/python', 'MllibModel'],
    ['mlserver_alibi_detect.AlibiDetectRuntime', '@millrace/python', 'AlibiDetectModel'],
    ['mlserver_alibi_explain.AlibiExplainRuntime', '@millrace/python', 'AlibiExplainModel'],
    ['mlserver_huggingface.HuggingFaceRuntime', '@millrace/transformers', 'TransformersModel'],
  ]
  for (const [text, module, exportName] of table) {
    assert.deepEqual(parseImplementation(text), { module, exportName, isPath: false }, text)
  }
})
