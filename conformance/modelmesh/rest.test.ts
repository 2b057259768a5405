import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { openGate } from './bed/gate.ts'
import { CUSTOM_KEY, type MeshBed, startMeshBed } from './bed/mesh-bed.ts'
import { CUSTOM_MODEL } from './bed/server-process.ts'

let bed: MeshBed
before(async () => {
  bed = await startMeshBed()
  await bed.custom('m', { answer: 7 })
  await bed.mesh.load('m')
  const settings = await bed.put('versioned/model-settings.json', {
    implementation: CUSTOM_MODEL,
    parameters: { uri: 'weights.json', version: '3' },
  })
  await bed.put('versioned/weights.json', { answer: 3 })
  const modelPath = join(settings, '..')
  bed.mesh.register('versioned', { modelType: 'mt:custom', modelPath, modelKey: CUSTOM_KEY })
  await bed.mesh.load('versioned')
})
after(() => bed.close())

interface Reply {
  readonly status: number
  readonly body: {
    readonly name?: string
    readonly model_name?: string
    readonly error?: string
    readonly outputs?: readonly {
      readonly name: string
      readonly data: unknown
      readonly parameters?: Readonly<Record<string, unknown>>
    }[]
  }
}

async function ask(path: string, body?: object): Promise<Reply> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const response = await fetch(`${bed.server.rest}${path}`, init)
  return { status: response.status, body: (await response.json()) as Reply['body'] }
}

/** What comes back of a tensor that the model echoes. */
async function echoed(tensor: object): Promise<unknown> {
  const { status, body } = await ask('/v2/models/m/infer', { inputs: [{ name: 'echo', ...tensor }] })
  assert.equal(status, 200, body.error)
  return body.outputs!.find(({ name }) => name === 'echo')!.data
}

async function refusal(tensor: object): Promise<string> {
  const { status, body } = await ask('/v2/models/m/infer', { inputs: [{ name: 'echo', ...tensor }] })
  assert.equal(status, 400)
  return body.error!
}

suite("what the mesh's REST proxy offers, asked of this server itself", () => {
  test('check 94: its four routes', async () => {
    assert.equal((await ask('/v2/models/m/infer', { inputs: [] })).body.model_name, 'm')
    assert.equal((await ask('/v2/models/m')).body.name, 'm')
    assert.equal(
      (await ask('/v2/models/versioned/versions/3/infer', { inputs: [] })).body.model_name,
      'versioned',
    )
    assert.equal((await ask('/v2/models/versioned/versions/3')).body.name, 'versioned')
  })

  test('check 94: flat and nested arrays; the number of values has to match the shape', async () => {
    const tensor = { datatype: 'FP32', shape: [2, 2] }
    assert.deepEqual(await echoed({ ...tensor, data: [1, 2, 3, 4] }), [1, 2, 3, 4])
    assert.deepEqual(
      await echoed({
        ...tensor,
        data: [
          [1, 2],
          [3, 4],
        ],
      }),
      [1, 2, 3, 4],
    )
    assert.match(await refusal({ ...tensor, data: [[1, 2], [3]] }), /echo/)
    assert.match(await refusal({ ...tensor, data: [1, 2, 3] }), /echo/)
  })

  test('check 94: texts as texts and in base64', async () => {
    const tensor = { datatype: 'BYTES', shape: [2] }
    assert.deepEqual(await echoed({ ...tensor, data: ['a', 'ö'] }), ['a', 'ö'])
    const base64 = { parameters: { content_type: 'base64' }, data: ['YQ==', 'w7Y='] }
    const reply = await ask('/v2/models/m/infer', { inputs: [{ name: 'echo', ...tensor, ...base64 }] })
    assert.equal(reply.status, 200)
  })

  test('check 94: FP16, which the proxy does not take', async () => {
    assert.deepEqual(await echoed({ datatype: 'FP16', shape: [2], data: [0.5, 2] }), [0.5, 2])
  })

  test('check 94: parameters of any kind', async () => {
    const parameters = { text: 'a', yes: true, nothing: null, number: 3, fraction: 1.5 }
    const { status } = await ask('/v2/models/m/infer', { parameters, inputs: [] })
    assert.equal(status, 200)
  })

  test('check 94: errors are those of the protocol, not of the proxy', async () => {
    const missing = await ask('/v2/models/nobody/infer', { inputs: [] })
    assert.deepEqual(missing, { status: 404, body: { error: 'Model nobody not found' } })
  })
})

suite('probes', () => {
  test("check 95: those of the protocol; the mesh's own paths are the mesh's", async () => {
    for (const path of ['/v2/health/live', '/v2/health/ready']) {
      assert.equal((await fetch(`${bed.server.rest}${path}`)).status, 200)
    }
    // They are answered on 8089 and 8090 by the mesh's container, which this server must leave to it.
    for (const path of ['/ready', '/live', '/prestop']) {
      assert.equal((await fetch(`${bed.server.rest}${path}`)).status, 404)
    }
  })

  test('check 95: a stop finishes what runs, which is what the hook before a stop is for', async () => {
    const stopping = await startMeshBed()
    const gate = await openGate()
    try {
      await stopping.custom('busy', { answer: 4, gate: gate.port })
      const asked = stopping.mesh.infer('busy', { inputs: [] })
      const waiting = await gate.arrival()
      const stopped = stopping.server.stop()
      // New calls are refused before the old one has ended.
      while ((await ready(stopping)) !== 'not ready');
      waiting.letThrough()
      assert.deepEqual((await asked).outputs[0]!.contents!['fp32_contents'], [4])
      assert.equal(await stopped, 0)
    } finally {
      gate.close()
      await stopping.close()
    }
  })
})

/** A server that stops says that it is not ready, or does not listen any more. */
async function ready({ server }: MeshBed): Promise<'ready' | 'not ready'> {
  const response = await fetch(`${server.rest}/v2/health/ready`).catch(() => undefined)
  return response?.ok === true ? 'ready' : 'not ready'
}
