import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { BytesArray } from '../tensor/index.ts'
import { bindModel } from './bound-model.ts'
import type { RequestContext } from './context.ts'
import { NamedFunctionModel } from './named-function-model.ts'
import type { ModelSettings } from './settings.ts'

const context = {} as RequestContext

async function modelOf(t: TestContext, path: string, code: string, extra: Record<string, unknown> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'named-function-'))
  t.after(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'src'))
  await writeFile(join(folder, path), code)
  const settings: ModelSettings = {
    name: 'scaler',
    version: undefined,
    implementation: '',
    folder,
    uri: folder,
    platform: '',
    versionNotes: [],
    inputs: [
      { name: 'xs', datatype: 'FP64', shape: [-1] },
      { name: 'unit', datatype: 'BYTES', shape: [1], contentType: 'str' },
    ],
    outputs: [
      { name: 'total', datatype: 'FP64', shape: [] },
      { name: 'label', datatype: 'BYTES', shape: [1], contentType: 'str' },
    ],
    enforceContract: true,
    contentType: undefined,
    extra,
    parameters: {},
  }
  return new NamedFunctionModel(settings)
}

const ADD = `export const scale = ({ xs, unit }) => ({ total: xs.data[0] + xs.data[1], label: unit })`

test('a function gets one value for each input, and its values are the outputs', async t => {
  for (const path of ['src/func_main.ts', 'func_main.mjs']) {
    const model = await modelOf(t, path, ADD, { signature_name: 'scale' })
    await model.load()
    const { outputs } = await bindModel(model).predict(
      {
        modelName: 'scaler',
        inputs: [
          { name: 'xs', datatype: 'FP64', shape: [2], data: Float64Array.of(1.5, 2) },
          { name: 'unit', datatype: 'BYTES', shape: [1], data: BytesArray.from(['m']) },
        ],
      },
      context,
    )
    assert.deepEqual([...outputs[0]!.data], [3.5])
    assert.deepEqual(
      outputs.map(({ name, datatype }) => [name, datatype]),
      [
        ['total', 'FP64'],
        ['label', 'BYTES'],
      ],
    )
  }
})

test('a module or function that is not there is told of', async t => {
  const other = await modelOf(t, 'func_main.ts', ADD)
  await assert.rejects(Promise.resolve(other.load()), {
    code: 'FAILED_PRECONDITION',
    message: /exports no function 'predict'; it exports scale$/,
  })
  const none = await modelOf(t, 'main.ts', ADD)
  await assert.rejects(Promise.resolve(none.load()), {
    code: 'FAILED_PRECONDITION',
    message: /has none of src\/func_main\.ts/,
  })
})
