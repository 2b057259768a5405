import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openGate } from './bed/gate.ts'
import { type InferReply, looksMissing } from './bed/mesh.ts'
import { CUSTOM_KEY, type MeshBed, refusalOf, startMeshBed } from './bed/mesh-bed.ts'

let bed: MeshBed
before(async () => {
  bed = await startMeshBed()
  await bed.custom('plain', { answer: 7 })
  await bed.mesh.load('plain')
})
after(() => bed.close())

const XGBOOST_MODEL = fileURLToPath(
  new URL('../../runtimes/xgboost/test-models/model-0.ubj', import.meta.url),
)

const outputOf = (reply: InferReply, name: string) => reply.outputs.find(output => output.name === name)!

const shown = (tensors: readonly object[]) =>
  (tensors as { name: string; datatype: string; shape: string[] }[]).map(each => ({
    name: each.name,
    datatype: each.datatype,
    shape: each.shape.map(Number),
  }))

suite('metadata', () => {
  const schema = {
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 64] }],
    outputs: [{ name: 'answer', datatype: 'FP32', shape: [-1] }],
  }

  test('check 14: inputs and outputs of a schema file', async () => {
    const schema_path = await bed.put('schema/_schema.json', schema)
    bed.mesh.register('with-schema', {
      modelType: 'mt:custom',
      modelPath: await bed.put('schema/weights.json', { answer: 1 }),
      modelKey: JSON.stringify({ model_type: 'custom', schema_path, disk_size_bytes: 54_321 }),
    })
    interface Metadata {
      readonly name: string
      readonly inputs: readonly object[]
      readonly outputs: readonly object[]
    }
    const { name, inputs, outputs } = await bed.mesh.infer<Metadata>(
      'with-schema',
      {},
      { method: 'ModelMetadata' },
    )
    assert.equal(name, 'with-schema')
    assert.deepEqual(shown(inputs), schema.inputs)
    assert.deepEqual(shown(outputs), schema.outputs)
    // The size on disk times 1.25, rounded down.
    assert.equal(bed.mesh.loaded.get('with-schema'), 67_901)
  })

  test('a model of unknown size is taken for one of 1 MB', () => {
    assert.equal(bed.mesh.loaded.get('plain'), 1_000_000)
  })
})

suite('refusals', () => {
  test('check 24: the text for a model that is not loaded', async () => {
    const { code, message } = await refusalOf(
      bed.call('ModelInfer', { model_name: 'a.model__isvc-01', inputs: [] }),
    )
    assert.deepEqual([code, message], ['NOT_FOUND', 'Model a.model__isvc-01 not found'])
  })

  test('check 25: tensors that are wrong', async () => {
    bed.mesh.register('xgb', {
      modelType: 'mt:xgboost',
      modelPath: XGBOOST_MODEL,
      modelKey: '{"model_type":"xgboost"}',
    })
    await bed.mesh.load('xgb')
    const tensor = { name: 'x', datatype: 'FP32', shape: [1, 3], contents: { fp32_contents: [1, 2, 3] } }
    const wrong = {
      'a datatype that is none': { inputs: [{ ...tensor, datatype: 'FP31' }] },
      'a datatype that the model does not take': {
        inputs: [{ ...tensor, datatype: 'BYTES', contents: { bytes_contents: [Buffer.from('a')] } }],
      },
      'a shape that the values do not fill': { inputs: [{ ...tensor, shape: [4, 3] }] },
      'a negative shape': { inputs: [{ ...tensor, shape: [-1, 3] }] },
      'no tensor': { inputs: [] },
      'two tensors of one name': { inputs: [tensor, tensor] },
      'an output that nobody has': { inputs: [tensor], outputs: [{ name: 'nothing' }] },
    }
    for (const [what, message] of Object.entries(wrong)) {
      const refusal = await refusalOf(bed.call('ModelInfer', { model_name: 'xgb', ...message }))
      assert.match(refusal.code, /^(?:INVALID_ARGUMENT|FAILED_PRECONDITION|INTERNAL)$/, what)
      assert.ok(!looksMissing(refusal), `${what}: ${refusal.message}`)
    }
  })

  const misleading = {
    'a user that is not there': { refusal: ['NOT_FOUND', 'user 42 not found'] },
    'a model of its own that is not there': { refusal: ['INVALID_ARGUMENT', 'Model b of a not found'] },
    'a model behind it': { refusal: ['UNAVAILABLE', 'Request for unknown model: b is not found'] },
  }
  for (const [what, weights] of Object.entries(misleading)) {
    test(`check 25: a class whose refusal names ${what} is not reloaded for it`, async () => {
      const id = `misleading-${weights.refusal[0]}`
      await bed.custom(id, weights)
      const before = bed.mesh.purged.length
      const { code, message } = await refusalOf(bed.mesh.infer(id, { inputs: [] }))
      assert.notEqual(code, 'NOT_FOUND')
      assert.ok(message.includes(weights.refusal[1]!), message)
      assert.equal(bed.mesh.purged.length, before)
      // Without a mesh it is as its author wrote it.
      const direct = await refusalOf(bed.call('ModelInfer', { model_name: id, inputs: [] }))
      assert.deepEqual([direct.code, direct.message], weights.refusal)
    })
  }

  test('check 25: a version that is not there', async () => {
    const before = bed.mesh.purged.length
    for (const method of ['ModelInfer', 'ModelMetadata'] as const) {
      const message = method === 'ModelInfer' ? { inputs: [], model_version: '3' } : { version: '3' }
      const { code } = await refusalOf(bed.mesh.infer('plain', message, { method }))
      assert.equal(code, 'FAILED_PRECONDITION')
    }
    assert.equal(bed.mesh.purged.length, before)
  })

  test('check 25: whatever else a class throws', async () => {
    await bed.custom('throws', { throws: 'Model throws not found' })
    const { code } = await refusalOf(bed.mesh.infer('throws', { inputs: [] }))
    assert.equal(code, 'INTERNAL')
    assert.ok(!bed.mesh.purged.includes('throws'))
  })
})

suite('answers', () => {
  test('check 26: the name that was asked for, and the id', async () => {
    await bed.custom('digits__isvc-0a1b2c3d4e', { answer: 1 })
    const reply = await bed.mesh.infer('digits__isvc-0a1b2c3d4e', {
      model_name: 'digits',
      id: 'request-1',
      inputs: [],
    })
    assert.deepEqual([reply.model_name, reply.id], ['digits__isvc-0a1b2c3d4e', 'request-1'])
  })

  test('check 27: raw for raw, typed for typed', async () => {
    const echo = { name: 'echo', datatype: 'FP32', shape: [2] }
    const typed = await bed.mesh.infer('plain', {
      inputs: [{ ...echo, contents: { fp32_contents: [1.5, 2.5] } }],
    })
    assert.deepEqual(outputOf(typed, 'echo').contents!['fp32_contents'], [1.5, 2.5])
    assert.deepEqual(typed.raw_output_contents, [])

    const bytes = Buffer.from(Float32Array.of(1.5, 2.5).buffer)
    const raw = await bed.mesh.infer('plain', { inputs: [echo], raw_input_contents: [bytes] })
    assert.equal(raw.raw_output_contents.length, raw.outputs.length)
    assert.deepEqual(raw.raw_output_contents[raw.outputs.findIndex(({ name }) => name === 'echo')], bytes)
  })

  for (const megabytes of [16, 64]) {
    test(`check 28: ${megabytes} MiB pass in both directions`, async () => {
      const elements = (megabytes * 1024 * 1024) / 4
      const values = new Float32Array(elements)
      values[elements - 1] = 42
      const reply = await bed.mesh.infer('plain', {
        inputs: [{ name: 'echo', datatype: 'FP32', shape: [elements] }],
        raw_input_contents: [Buffer.from(values.buffer)],
      })
      const bytes = reply.raw_output_contents[reply.outputs.findIndex(({ name }) => name === 'echo')]!
      assert.equal(bytes.length, megabytes * 1024 * 1024)
      assert.equal(bytes.readFloatLE(bytes.length - 4), 42)
    })
  }

  test('check 29: metadata of the mesh, of users, and what nobody knows', async () => {
    const headers = {
      'x-user': 'somebody',
      'x-request-id': 'abc',
      'mm-balanced': 'true',
      'binary-bin': '\u0000\u0001',
      traceparent: 'no trace',
    }
    const reply = await bed.mesh.infer('plain', { inputs: [] }, { headers })
    assert.equal((outputOf(reply, 'header').contents!['bytes_contents']![0] as Buffer).toString(), 'somebody')
  })

  test('check 30: a deadline ends the work, and the server goes on', async () => {
    const gate = await openGate()
    try {
      await bed.custom('waits', { gate: gate.port })
      await bed.mesh.load('waits')
      const arrival = gate.arrival()
      // A busy machine may need longer to get there at all.
      for (let timeoutMs = 250, isThere = false; !isThere; timeoutMs *= 2) {
        const refused = refusalOf(bed.mesh.infer('waits', { inputs: [] }, { timeoutMs }))
        isThere = await Promise.race([arrival.then(() => true), refused.then(() => false)])
        assert.equal((await refused).code, 'DEADLINE_EXCEEDED')
      }
      // Its model was told, and has left.
      const waiting = await arrival
      await waiting.gone
      assert.equal((await bed.mesh.infer('plain', { inputs: [] })).model_name, 'plain')
    } finally {
      gate.close()
    }
  })

  test('check 30: a client that goes away ends the work', async () => {
    const gate = await openGate()
    try {
      await bed.custom('left-alone', { gate: gate.port })
      await bed.mesh.load('left-alone')
      const leaving = new AbortController()
      const refused = refusalOf(bed.mesh.infer('left-alone', { inputs: [] }, { signal: leaving.signal }))
      const waiting = await gate.arrival()
      leaving.abort()
      await waiting.gone
      assert.equal((await refused).code, 'CANCELLED')
    } finally {
      gate.close()
    }
  })
})

test('a model without a key is refused by the adapter, not by the server', async () => {
  const modelPath = await bed.put('no-key/weights.json', {})
  bed.mesh.register('no-key', { modelType: 'mt:custom', modelPath, modelKey: '' })
  const { message } = await refusalOf(bed.mesh.load('no-key'))
  assert.match(message, /^Failed to load Model due to adapter error: /)
  bed.mesh.register('no-key', { modelType: 'mt:custom', modelPath, modelKey: CUSTOM_KEY })
  await bed.mesh.load('no-key')
})
