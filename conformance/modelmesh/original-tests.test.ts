import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { InferReply } from './bed/mesh.ts'
import { CUSTOM_KEY, type MeshBed, refusalOf, startMeshBed } from './bed/mesh-bed.ts'
import { hasModule, PYTHON } from './bed/python.ts'

let bed: MeshBed
before(async () => {
  bed = await startMeshBed()
})
after(() => bed.close())

const fileOf = (path: string) => fileURLToPath(new URL(`../../runtimes/${path}`, import.meta.url))

async function register(id: string, type: string, modelPath: string): Promise<void> {
  const modelKey = JSON.stringify({ model_type: { name: type } })
  bed.mesh.register(id, { modelType: `mt:${type}`, modelPath, modelKey })
  await bed.mesh.load(id)
}

/** The numbers of an output that is answered in typed fields. */
function numbersOf(reply: InferReply): readonly number[] {
  const { datatype, contents } = reply.outputs[0]!
  return contents![datatype === 'FP32' ? 'fp32_contents' : 'fp64_contents'] as readonly number[]
}

suite("the original's own tests of what a model server answers", () => {
  test('check 96: F11, trees of LightGBM in FP64', async () => {
    await register('lgb__isvc-0a1b2c3d4e', 'lightgbm', fileOf('lightgbm/test-models/poisson.txt'))
    const expected = JSON.parse(await readFile(fileOf('lightgbm/test-models/expected.json'), 'utf8')) as {
      readonly models: {
        readonly poisson: {
          readonly rows: readonly (number | string)[]
          readonly predict: readonly (number | string)[]
        }
      }
    }
    const { rows, predict } = expected.models.poisson
    const reply = await bed.mesh.infer('lgb__isvc-0a1b2c3d4e', {
      inputs: [
        {
          name: 'predict',
          datatype: 'FP64',
          shape: [predict.length, rows.length / predict.length],
          contents: { fp64_contents: rows.map(Number) },
        },
      ],
    })
    assert.match(reply.model_name, /^lgb__/)
    assert.equal(reply.outputs[0]!.datatype, 'FP64')
    for (const [index, value] of numbersOf(reply).entries()) {
      assert.ok(Math.abs(value - Number(predict[index])) < 1e-9)
    }
  })

  test('check 96: F11, F12, trees of XGBoost in FP32, and their metadata', async () => {
    await register('xgb__isvc-0a1b2c3d4e', 'xgboost', fileOf('xgboost/test-models/model-0.ubj'))
    const tensor = {
      name: 'predict',
      datatype: 'FP32',
      shape: [1, 4],
      contents: { fp32_contents: [0, 0, 0, 0] },
    }
    const reply = await bed.mesh.infer('xgb__isvc-0a1b2c3d4e', { inputs: [tensor] })
    assert.equal(reply.outputs[0]!.datatype, 'FP32')
    assert.equal(numbersOf(reply).length, 1)
    const metadata = await bed.mesh.infer<{ readonly name: string }>(
      'xgb__isvc-0a1b2c3d4e',
      {},
      { method: 'ModelMetadata' },
    )
    assert.match(metadata.name, /^xgb__isvc-/)
  })

  test('check 96: F10, F20, a wrong shape and a wrong datatype are refused, and the server goes on', async () => {
    await register('rows', 'xgboost', fileOf('xgboost/test-models/model-0.ubj'))
    const wrong = [
      {
        name: 'predict',
        datatype: 'FP32',
        shape: [1, 7],
        contents: { fp32_contents: [1, 2, 3, 4, 5, 6, 7] },
      },
      { name: 'predict', datatype: 'BYTES', shape: [1, 1], contents: { bytes_contents: [Buffer.from('a')] } },
    ]
    for (const tensor of wrong) {
      const { code } = await refusalOf(bed.mesh.infer('rows', { inputs: [tensor] }))
      // The original says INTERNAL with the name of a Python error; the mistake is the client's.
      assert.equal(code, 'INVALID_ARGUMENT')
    }
    const right = {
      name: 'predict',
      datatype: 'FP32',
      shape: [1, 4],
      contents: { fp32_contents: [1, 2, 3, 4] },
    }
    assert.equal((await bed.mesh.infer('rows', { inputs: [right] })).model_name, 'rows')
    assert.deepEqual(bed.mesh.purged, [])
  })

  test('check 96: F9, F18, over REST; and a model that fails to load leaves the others alone', async () => {
    await bed.custom('digits', { answer: 8 })
    await bed.mesh.load('digits')
    bed.mesh.register('no-file', {
      modelType: 'mt:custom',
      modelPath: await bed.put('no-file/weights.json', '{'),
      modelKey: CUSTOM_KEY,
    })
    await refusalOf(bed.mesh.load('no-file'))
    const response = await fetch(`${bed.server.rest}/v2/models/digits/infer`, {
      method: 'POST',
      body: JSON.stringify({
        inputs: [{ name: 'predict', datatype: 'FP32', shape: [1, 2], data: [0, 1] }],
      }),
    })
    const { outputs } = (await response.json()) as { outputs: readonly { data: readonly number[] }[] }
    assert.deepEqual(outputs[0]!.data, [8])
  })
})

suite('an image whose class is one of a stock runtime', () => {
  test('check 13: models of a format that the adapter does not know', async () => {
    const onnx = await startMeshBed({ environment: { MLSERVER_MODEL_IMPLEMENTATION: 'onnx' } })
    try {
      onnx.mesh.register('graph', {
        modelType: 'mt:onnx',
        modelPath: fileOf('onnx/test-models/identity-float32.onnx'),
        modelKey: '{"model_type":{"name":"onnx","version":"1"}}',
      })
      const { inputs } = await onnx.mesh.infer<{ readonly inputs: readonly { readonly name: string }[] }>(
        'graph',
        {},
        { method: 'ModelMetadata' },
      )
      assert.ok(inputs.length > 0)
    } finally {
      await onnx.close()
    }
  })
})

const SKIP =
  PYTHON === undefined &&
  'no Python with numpy: set MILLRACE_TEST_PYTHON to one, such as /opt/venv/bin/python'

suite('models in Python', { skip: SKIP }, () => {
  /** The shape of class that the original's page asks for; weights come from a file of a well-known name. */
  const SOURCE = `
import json
from typing import List
from mlserver import MLModel, types
from mlserver.errors import InferenceError
from mlserver.utils import get_model_uri

WELLKNOWN_MODEL_FILENAMES = ["model.json", "model.dat"]

class CustomMLModel(MLModel):
    async def load(self) -> bool:
        uri = await get_model_uri(self._settings, wellknown_filenames=WELLKNOWN_MODEL_FILENAMES)
        with open(uri) as file:
            self._factor = json.load(file)["factor"]
        self.ready = True
        return self.ready

    async def predict(self, payload: types.InferenceRequest) -> types.InferenceResponse:
        if len(payload.inputs) != 1:
            raise InferenceError("exactly one input is allowed")
        values = [self._factor * value for value in payload.inputs[0].data]
        outputs: List[types.ResponseOutput] = [
            types.ResponseOutput(name="product", datatype="FP32", shape=[len(values)], data=values)
        ]
        return types.InferenceResponse(model_name=self.name, model_version=self.version, outputs=outputs)
`

  test("check 13: the page's class as the class of the image", async () => {
    const source = await bed.put('opt/custom_model.py', SOURCE)
    const python = await startMeshBed({
      environment: {
        MLSERVER_MODEL_IMPLEMENTATION: 'custom_model.CustomMLModel',
        PYTHONPATH: source.replace(/\/custom_model\.py$/, ''),
        MILLRACE_PYTHON: PYTHON!,
      },
    })
    try {
      const modelPath = await python.put('doubles/model.json', { factor: 2 })
      python.mesh.register('doubles', { modelType: 'mt:custom', modelPath, modelKey: CUSTOM_KEY })
      const tensor = { name: 'x', datatype: 'FP32', shape: [2], contents: { fp32_contents: [1, 2.5] } }
      const reply = await python.mesh.infer('doubles', { inputs: [tensor] })
      assert.deepEqual(numbersOf(reply), [2, 5])
      assert.equal(reply.model_name, 'doubles')
      const { code, message } = await refusalOf(
        python.mesh.infer('doubles', { inputs: [tensor, { ...tensor, name: 'y' }] }),
      )
      assert.equal(code, 'INVALID_ARGUMENT')
      assert.match(message, /exactly one input is allowed/)
      await python.mesh.unload('doubles')
      assert.deepEqual(await python.readyNames(), [])
    } finally {
      await python.close()
    }
  })

  test('check 96: F8, a classifier of scikit-learn', async t => {
    if (!hasModule(PYTHON!, 'sklearn')) return t.skip('this Python has no scikit-learn')
    const path = await bed.put('digits.joblib', '')
    const train = `
import sys, joblib
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier
digits = load_digits()
joblib.dump(KNeighborsClassifier(1).fit(digits.data, digits.target), sys.argv[1])
print(digits.data[8].tolist())
`
    const { stdout } = await promisify(execFile)(PYTHON!, ['-c', train, path])
    const row = JSON.parse(stdout) as readonly number[]
    const sklearn = await startMeshBed({
      environment: { MILLRACE_PYTHON: PYTHON!, MILLRACE_ALLOW_PICKLE: 'true' },
    })
    try {
      sklearn.mesh.register('digits__isvc-0a1b2c3d4e', {
        modelType: 'mt:sklearn',
        modelPath: path,
        modelKey: '{"model_type":{"name":"sklearn","version":"0"},"disk_size_bytes":54321}',
      })
      const reply = await sklearn.mesh.infer('digits__isvc-0a1b2c3d4e', {
        inputs: [{ name: 'predict', datatype: 'FP32', shape: [1, 64], contents: { fp32_contents: row } }],
      })
      assert.match(reply.model_name, /^digits__/)
      assert.equal(reply.outputs[0]!.datatype, 'INT64')
      assert.deepEqual(reply.outputs[0]!.contents!['int64_contents'], ['8'])
    } finally {
      await sklearn.close()
    }
  })
})
