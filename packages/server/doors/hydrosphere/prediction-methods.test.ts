import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { InferenceRequest, Tensor } from '@millrace/sdk'
import { createHydrosphereClient, type HydrosphereClient } from '@millrace/sdk/client'
import type { HydrosphereGeneration } from '@millrace/sdk/protocol'
import { modelFiles, startTestServer } from '../../test/test-server.ts'

const SCALE = `
export class TestModel {
  predict({ inputs, parameters }) {
    const factor = parameters?.signature_name === 'halve' ? 0.5 : 2
    const [xs] = inputs
    if (xs.data[0] === 13) throw new RangeError('unlucky')
    return { outputs: [{ name: 'ys', datatype: 'FP64', shape: xs.shape, data: xs.data.map(x => x * factor) }] }
  }
}`

const CONTRACT = {
  inputs: [{ name: 'xs', datatype: 'FP64', shape: [-1, 2] }],
  outputs: [{ name: 'ys', datatype: 'FP64', shape: [-1, 2] }],
}

const input = (...values: number[]): Tensor => ({
  name: 'xs',
  datatype: 'FP64',
  shape: [values.length / 2, 2],
  data: Float64Array.from(values),
})
const request = (modelName: string, ...values: number[]): InferenceRequest => ({
  modelName,
  inputs: [input(...values)],
})

async function start(t: TestContext, names: readonly string[]) {
  const files = Object.fromEntries(names.flatMap(name => Object.entries(modelFiles(name, SCALE, CONTRACT))))
  const { server } = await startTestServer(t, files)
  assert.deepEqual(await server.started, [])
  const target = `${server.grpc.host}:${server.grpc.port}`
  return (generation: HydrosphereGeneration): HydrosphereClient => {
    const client = createHydrosphereClient({ target, generation })
    t.after(() => client.close())
    return client
  }
}

for (const generation of ['G1', 'G2', 'G3'] as const) {
  test(`${generation}: a server of one model answers`, async t => {
    const connect = await start(t, ['scale'])
    const client = connect(generation)
    const { outputs } = await client.predict(request('', 1, 2, 3, 4))
    assert.deepEqual(outputs, [
      { name: 'ys', datatype: 'FP64', shape: [2, 2], data: Float64Array.of(2, 4, 6, 8) },
    ])
    assert.equal(await client.health(), 'SERVING')
  })

  test(`${generation}: the contract is enforced, and failures have the codes of every door`, async t => {
    const client = (await start(t, ['scale']))(generation)
    const wrong = { ...input(1, 2), name: 'zs' }
    await assert.rejects(client.predict({ modelName: 'scale', inputs: [wrong] }), {
      code: 'INVALID_ARGUMENT',
      message: /'xs'/,
    })
    await assert.rejects(client.predict({ modelName: 'scale', inputs: [{ ...input(1, 2), shape: [2] }] }), {
      code: 'INVALID_ARGUMENT',
    })
    await assert.rejects(client.predict(request('scale', 13, 1)), { code: 'INTERNAL' })
  })
}

test('the first two generations say which function and which model they mean', async t => {
  const connect = await start(t, ['one', 'two'])
  for (const generation of ['G1', 'G2'] as const) {
    const client = connect(generation)
    const { outputs } = await client.predict(request('two', 4, 8), { signatureName: 'halve' })
    assert.deepEqual(outputs[0]?.data, Float64Array.of(2, 4))
    await assert.rejects(client.predict(request('three', 1, 2)), {
      code: 'NOT_FOUND',
      message: 'Model three not found',
    })
    await assert.rejects(client.predict(request('', 1, 2)), {
      code: 'INVALID_ARGUMENT',
      message: /names no model, and the server has 2; name one in model_spec\.name/,
    })
  }
  assert.deepEqual(await connect('G2').status(), { status: 'SERVING', message: '' })
})

test('the third generation names a model of several in the metadata', async t => {
  const client = (await start(t, ['one', 'two']))('G3')
  await assert.rejects(client.predict(request('one', 1, 2)), { code: 'INVALID_ARGUMENT' })
  const { outputs } = await client.predict(request('', 1, 2), { headers: { 'mm-model-id': 'one' } })
  assert.deepEqual(outputs[0]?.data, Float64Array.of(2, 4))
})
