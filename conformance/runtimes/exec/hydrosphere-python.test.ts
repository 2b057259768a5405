import assert from 'node:assert/strict'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ExecModel } from '@millrace/exec'
import { type BytesArray, type ModelSettings, type Tensor, toTensor } from '@millrace/sdk'
import { encodeContract, type HydrosphereContract, type HydrosphereGeneration } from '@millrace/sdk/protocol'
import { loadForTest } from '@millrace/sdk/testing'
import { pythonFor } from './python-environment.ts'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const first = await pythonFor('G2')
const third = await pythonFor('G3')

const SCALE = {
  name: 'scale',
  inputs: [{ name: 'xs', datatype: 'FP64', shape: [-1, 2] }],
  outputs: [{ name: 'total', datatype: 'FP64', shape: [] }],
} as const
const DESCRIBE: HydrosphereContract = {
  modelName: '',
  signatures: [
    {
      name: 'describe',
      inputs: [
        { name: 'xs', datatype: 'FP64', shape: [-1], profile: 'NUMERICAL' },
        { name: 'name', datatype: 'BYTES', shape: [1], profile: 'TEXT' },
      ],
      outputs: [
        { name: 'scaled', datatype: 'FP64', shape: [-1] },
        { name: 'count', datatype: 'INT64', shape: [] },
        { name: 'greeting', datatype: 'BYTES', shape: [1] },
      ],
    },
  ],
}

/** A model folder as the platform lays it out, and the settings to serve it with. */
async function modelOf(
  t: TestContext,
  generation: HydrosphereGeneration,
  contract: HydrosphereContract,
  extra: Readonly<Record<string, unknown>>,
): Promise<Partial<ModelSettings>> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-hydrosphere-'))
  t.after(() => rm(folder, { recursive: true }))
  await cp(here(generation === 'G3' ? 'models/third' : 'models/first'), folder, { recursive: true })
  await writeFile(join(folder, 'contract.protobin'), encodeContract(contract, generation))
  return { name: 'scaler', folder, uri: folder, extra }
}

const xs = (...data: number[]) =>
  toTensor({ name: 'xs', datatype: 'FP64', shape: [data.length / 2, 2], data })
const dataOf = (outputs: readonly Tensor[], name: string) =>
  outputs.find(output => output.name === name)?.data

suite('the first two generations, in Python', { skip: 'missing' in first ? first.missing : false }, () => {
  const command = 'python' in first ? [first.python, here('first_generations.py')] : []

  for (const [what, protocol, status] of [
    ['without Status is ready when it accepts connections', 'hydrosphere-g1', '0'],
    ['with Status is ready when it says so', 'hydrosphere-g2', '1'],
  ] as const) {
    test(`a program ${what}, and is recognised`, async t => {
      const contract = { modelName: 'scaler', signatures: [SCALE] }
      const extra = { command, environment: { WITH_STATUS: status } }
      await using model = await loadForTest(ExecModel, {
        settings: await modelOf(t, 'G2', contract, extra),
      })
      assert.ok(model.log.info.some(({ fields }) => fields['protocol'] === protocol))
      assert.deepEqual(model.metadata.inputs, SCALE.inputs)
      const { values } = await model.predict([xs(1.5, 2)])
      assert.deepEqual(values['total'], Float64Array.of(7))
      await assert.rejects(model.predict([xs(-1, 2)]), {
        code: 'INTERNAL',
        message: "ValueError('a number is negative')",
      })
    })
  }

  test('G1 chooses among signatures; an unknown one is refused by the program, a wrong answer too', async t => {
    const signatures = ['scale', 'triple', 'wrong', 'absent'].map(name => ({ ...SCALE, name }))
    const contract = { modelName: 'scaler', signatures }
    const load = async (signature: string) => {
      const extra = { command, protocol: 'hydrosphere-g1', signature }
      return loadForTest(ExecModel, { settings: await modelOf(t, 'G1', contract, extra) })
    }
    await using triple = await load('triple')
    assert.deepEqual((await triple.predict([xs(1, 2)])).values['total'], Float64Array.of(9))
    await using wrong = await load('wrong')
    await assert.rejects(wrong.predict([xs(1, 2)]), { code: 'OUT_OF_RANGE' })
    await using absent = await load('absent')
    await assert.rejects(absent.predict([xs(1, 2)]), {
      code: 'INVALID_ARGUMENT',
      message: 'absent signature is not present in the model',
    })
  })

  test('20 MB pass in one request', async t => {
    const contract = { modelName: 'scaler', signatures: [SCALE] }
    await using model = await loadForTest(ExecModel, {
      settings: await modelOf(t, 'G2', contract, { command }),
    })
    const data = new Float64Array(2_500_000).fill(1)
    const { values } = await model.predict([{ name: 'xs', datatype: 'FP64', shape: [1_250_000, 2], data }])
    assert.deepEqual(values['total'], Float64Array.of(5_000_000))
  })

  test('a model that cannot be imported fails the load with what Python says', async t => {
    const contract = { modelName: 'scaler', signatures: [SCALE] }
    const settings = await modelOf(t, 'G2', contract, { command })
    await writeFile(join(settings.folder!, 'files/src/func_main.py'), 'import no_such_module\n')
    await assert.rejects(loadForTest(ExecModel, { settings }), {
      code: 'FAILED_PRECONDITION',
      message:
        /ended with exit code 1 before it was ready; its last lines:\n[^]*No module named 'no_such_module'/,
    })
  })

  test('the program stops when it is asked to', async t => {
    const contract = { modelName: 'scaler', signatures: [SCALE] }
    const model = await loadForTest(ExecModel, { settings: await modelOf(t, 'G2', contract, { command }) })
    await model.unload()
    assert.ok(model.log.info.some(({ message }) => message === 'stopped'))
  })
})

suite('the third generation, in Python', { skip: 'missing' in third ? third.missing : false }, () => {
  const command = 'python' in third ? [third.python, here('third_generation.py')] : []

  test('a program with gRPC health is recognised, and answers with what NumPy made', async t => {
    await using model = await loadForTest(ExecModel, {
      settings: await modelOf(t, 'G3', DESCRIBE, { command }),
    })
    assert.ok(model.log.info.some(({ fields }) => fields['protocol'] === 'hydrosphere-g3'))
    assert.deepEqual(model.metadata.inputs, DESCRIBE.signatures[0]?.inputs)
    const { outputs } = await model.predict([
      { name: 'xs', datatype: 'FP64', shape: [3], data: [1, 2, 3] },
      { name: 'name', datatype: 'BYTES', shape: [1], data: ['Ada'] },
    ])
    assert.deepEqual(dataOf(outputs, 'scaled'), Float64Array.of(2, 4, 6))
    assert.deepEqual(dataOf(outputs, 'count'), BigInt64Array.of(3n))
    assert.deepEqual((dataOf(outputs, 'greeting') as BytesArray).toStrings(), ['hello Ada'])
  })
})
