import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, suite, test } from 'node:test'
import type { ModelSettings } from '@millrace/sdk'
import { loadForTest } from '@millrace/sdk/testing'
import { PYTHON, SKIP } from './python-bed.ts'
import { type HostedClass, PythonModel } from './python-model.ts'
import {
  AlibiDetectModel,
  AlibiExplainModel,
  CatboostModel,
  MlflowModel,
  MllibModel,
  SklearnModel,
} from './stock-models.ts'

/** Has only the check of the Python side. */
class UncheckedSklearnModel extends PythonModel {
  protected override hostedClass(): HostedClass {
    return { kind: 'stock', implementation: 'SKLearnModel', importPaths: [] }
  }
}

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-stock-models-'))
})
afterEach(() => rm(folder, { recursive: true }))

type Class = new (settings: ModelSettings) => PythonModel

function load(model: Class, { extra, ...settings }: Partial<ModelSettings> = {}) {
  const python = PYTHON === undefined ? {} : { python: PYTHON }
  return loadForTest(model, {
    settings: { folder, uri: folder, ...settings, extra: { ...python, ...extra } },
  })
}

function lacks(module: string): boolean {
  try {
    execFileSync(PYTHON!, ['-c', `import ${module}`], { stdio: 'ignore' })
    return false
  } catch {
    return true
  }
}

/** Writes a pickle that makes a file when it is opened, and returns that file's path. */
async function trap(): Promise<string> {
  const mark = join(folder, 'opened')
  await writeFile(join(folder, 'model.joblib'), `cbuiltins\nopen\n(S'${mark}'\nS'w'\ntR.`)
  return mark
}

async function untouched(mark: string): Promise<void> {
  await assert.rejects(access(mark), { code: 'ENOENT' })
}

suite('pickles', () => {
  test('are not opened without permission, and no process is started for them', async () => {
    const mark = await trap()
    const refused = load(SklearnModel, { extra: { python: '/nowhere/python' } })
    await assert.rejects(refused, {
      code: 'FAILED_PRECONDITION',
      message: /model\.joblib is a pickle\..*--allow-pickle/,
    })
    await untouched(mark)
  })

  test('are refused by the Python side as well', { skip: SKIP }, async () => {
    const mark = await trap()
    await assert.rejects(load(UncheckedSklearnModel), {
      code: 'FAILED_PRECONDITION',
      message: /model\.joblib may hold a pickle, .*--allow-pickle/,
    })
    await untouched(mark)
  })

  test('of MLflow and Alibi are found in their folders', async () => {
    await writeFile(join(folder, 'MLmodel'), 'flavors:\n  python_function:\n    loader_module: evil\n')
    await assert.rejects(load(MlflowModel), {
      code: 'FAILED_PRECONDITION',
      message: /MLmodel says how the model is opened/,
    })
    await writeFile(join(folder, 'meta.dill'), '')
    for (const model of [MlflowModel, AlibiDetectModel, AlibiExplainModel]) {
      await assert.rejects(load(model), { code: 'FAILED_PRECONDITION', message: /meta\.dill is a pickle/ })
    }
  })
})

suite('libraries', { skip: SKIP }, () => {
  const needed: readonly (readonly [Class, string, string, Partial<ModelSettings>])[] = [
    [MlflowModel, 'mlflow', 'mlflow', {}],
    [MllibModel, 'pyspark', 'pyspark', { parameters: { format: 'KMeans' } }],
    [AlibiDetectModel, 'alibi_detect', 'alibi-detect', {}],
    [
      AlibiExplainModel,
      'alibi',
      'alibi',
      { extra: { explainer_type: 'kernel_shap', infer_uri: 'http://127.0.0.1:1/v2/models/m/infer' } },
    ],
  ]
  for (const [model, module, name, settings] of needed) {
    const skip = SKIP === false && !lacks(module) && `${PYTHON} has ${module}`
    test(`${name} that is missing fails the load with the command that installs it`, { skip }, () =>
      assert.rejects(load(model, { ...settings, allowsPickle: true }), {
        code: 'FAILED_PRECONDITION',
        message: new RegExp(`needs the Python package ${name}, .*python.* -m pip install ${name}`),
      }),
    )
  }

  test('are not taken from files beside a model', async () => {
    const mark = join(folder, 'imported')
    await writeFile(join(folder, 'catboost.py'), `open(${JSON.stringify(mark)}, "w")\n`)
    await assert.rejects(load(CatboostModel), { code: 'FAILED_PRECONDITION' })
    await assert.rejects(access(mark), { code: 'ENOENT' })
  })
})

suite('settings that cannot be', { skip: SKIP }, () => {
  test('a kind of MLlib model that is not known', () =>
    assert.rejects(load(MllibModel, { parameters: { format: 'Magic' } }), {
      message: /parameters\.format .* is 'Magic'; allowed are LogisticRegression, NaiveBayes/,
    }))

  test('an explainer that is not known, or has nothing to explain', async () => {
    await assert.rejects(load(AlibiExplainModel, { extra: { explainer_type: 'oracle' } }), {
      message: /explainer_type is 'oracle'; allowed are anchor_image, /,
    })
    await assert.rejects(load(AlibiExplainModel, { extra: { explainer_type: 'kernel_shap' } }), {
      message: /infer_uri is missing/,
    })
  })
})
