import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { ModelSettings } from '@millrace/sdk'
import { requirePicklePermission } from './pickle-permission.ts'
import {
  detectorPickle,
  estimatorPickle,
  explainerPickle,
  type FindPickle,
  folderPickle,
  mlflowPickle,
} from './pickled-files.ts'

const DESCRIPTION = (loader: string, more = ''): string =>
  `flavors:\n  python_function:\n    loader_module: ${loader}\n    python_version: 3.11.7\n${more}mlflow_version: 3.1.0\n`

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-pickles-'))
})
after(() => rm(folder, { recursive: true }))

/** A model's folder with these files. */
async function model(name: string, files: Readonly<Record<string, string>>): Promise<ModelSettings> {
  const uri = join(folder, name)
  await mkdir(uri)
  for (const [file, text] of Object.entries(files)) {
    await mkdir(join(uri, file, '..'), { recursive: true })
    await writeFile(join(uri, file), text)
  }
  return settingsOf(uri)
}

function settingsOf(uri: string, extra: Readonly<Record<string, unknown>> = {}): ModelSettings {
  return {
    name: 'iris',
    version: undefined,
    implementation: 'sklearn',
    folder,
    uri,
    platform: '',
    versionNotes: [],
    inputs: [],
    outputs: [],
    enforceContract: true,
    contentType: undefined,
    extra,
    parameters: {},
    allowsPickle: false,
  }
}

async function found(find: FindPickle, settings: ModelSettings): Promise<string | undefined> {
  const path = await find(settings)
  return path?.replace(`${settings.uri}/`, '')
}

suite('what counts as a pickle', () => {
  test('an estimator is one, whatever its file is called', async () => {
    const wellKnown = await model('estimator', { 'model.pkl': '', 'model.joblib': '' })
    assert.equal(await found(estimatorPickle, wellKnown), 'model.joblib')
    const named = settingsOf(join(wellKnown.uri, 'model.pkl'))
    assert.equal(await estimatorPickle(named), named.uri)
    const empty = await model('empty', { 'weights.npz': '' })
    await assert.rejects(estimatorPickle(empty), {
      code: 'FAILED_PRECONDITION',
      message: `folder '${empty.uri}' has no model.joblib, model.pickle, model.pkl; name the model's file in parameters.uri`,
    })
  })

  test('a folder holds one at any depth, by any of their endings', async () => {
    const endings = ['pkl', 'pickle', 'joblib', 'dill', 'cloudpickle', 'pt', 'PTH']
    for (const ending of endings) {
      const settings = await model(`folder-${ending}`, { [`a/b/c.${ending}`]: '', 'config.toml': '' })
      assert.equal(await found(folderPickle, settings), `a/b/c.${ending}`)
    }
    assert.equal(await folderPickle(await model('none', { 'config.toml': '', 'model.onnx': '' })), undefined)
  })

  test('so does one that is elsewhere', async () => {
    const remote = settingsOf('s3://bucket/model')
    assert.equal(await mlflowPickle(remote), remote.uri)
    assert.equal(await folderPickle(remote), remote.uri)
  })

  test('an MLflow folder without any may go on if what opens it is known to be harmless', async () => {
    const harmless = await model('onnx', {
      MLmodel: DESCRIPTION('mlflow.onnx', '    code: null\n'),
      'model.onnx': '',
    })
    assert.equal(await mlflowPickle(harmless), undefined)
    const pickled = await model('pickled', { MLmodel: DESCRIPTION('mlflow.onnx'), 'a/model.pkl': '' })
    assert.equal(await found(mlflowPickle, pickled), 'a/model.pkl')
  })

  const hostile = {
    'another module': DESCRIPTION('mlflow.sklearn'),
    'a module of its own': DESCRIPTION('evil'),
    'two modules': `${DESCRIPTION('mlflow.onnx')}${DESCRIPTION('evil')}`,
    'code beside it': DESCRIPTION('mlflow.onnx', '    code: code\n'),
    'code in braces': DESCRIPTION('mlflow.onnx', 'x: {a: 1, code: code}\n'),
    'a quoted name': DESCRIPTION('mlflow.onnx', '    "loader_\\u006dodule": evil\n'),
    'a quoted name without escapes': DESCRIPTION('mlflow.onnx', '    "code": evil\n'),
    'an alias for a name': DESCRIPTION('mlflow.onnx', 'a: &a code\nb: {*a : evil}\n'),
    'a name after a question mark': DESCRIPTION('mlflow.onnx', '    ? code\n    : evil\n'),
    'a merged map': DESCRIPTION('mlflow.onnx', '    <<: *other\n'),
    'nothing at all': '',
  }
  for (const [index, [title, text]] of Object.entries(hostile).entries()) {
    test(`and not with ${title}`, async () => {
      const settings = await model(`hostile-${index}`, { MLmodel: text })
      assert.equal(await found(mlflowPickle, settings), 'MLmodel')
    })
  }

  test('a detector may name pickles that are elsewhere', async () => {
    const harmless = await model('detector', { 'config.toml': 'name = "KSDrift"\nx_ref = "x_ref.npy"\n' })
    assert.equal(await detectorPickle(harmless), undefined)
    for (const [index, line] of [
      'fn = "/x/fn.dill"',
      '[model]\nsrc = "../m"',
      'fn = "f.\\u0064ill"',
    ].entries()) {
      const settings = await model(`detector-${index}`, { 'config.toml': line })
      assert.equal(await found(detectorPickle, settings), 'config.toml')
    }
  })

  test('an explainer of trees opens the model that it explains', async () => {
    const settings = await model('explainer', {})
    const extra = { explainer_type: 'tree_shap', infer_uri: '/models/trees.joblib' }
    assert.equal(await explainerPickle({ ...settings, extra }), '/models/trees.joblib')
    const made = { explainer_type: 'kernel_shap', init_parameters: {} }
    assert.equal(await explainerPickle({ ...settings, extra: made }), undefined)
  })
})

const nobodyAsks: FindPickle = () => assert.fail('nobody needs to know')

suite('permission', () => {
  test('is refused by default, with the file and what to do', async () => {
    const settings = await model('refused', { 'model.joblib': '' })
    await assert.rejects(requirePicklePermission(settings, estimatorPickle), {
      code: 'FAILED_PRECONDITION',
      message: /model\.joblib is a pickle.*allow_pickle.*MILLRACE_ALLOW_PICKLE=true.*--allow-pickle.*ONNX/s,
    })
  })

  test('is there once the operator has given it, without a look at the files', async () => {
    await requirePicklePermission({ ...settingsOf(folder), allowsPickle: true }, nobodyAsks)
  })
})
