import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import type { ServeDoors } from '@millrace/server'
import { grpcClient } from '../open-inference/forms/grpc-client.ts'
import {
  type Headers,
  meshFolder,
  type OwnMesh,
  refusalOf,
  saidIn,
  startOwnMesh,
  textsIn,
} from './bed/own-mesh-bed.ts'
import { gate, reached } from './bed/watched-models.ts'

const V2 = 'inference.GRPCInferenceService'
const INFER = `${V2}/ModelInfer`

let count = 0
const fresh = (name: string) => `${name}-${++count}`

/** A mesh with the models `one` and `two`, and the aliases `a` and `ä` of `one`. */
async function started(t: TestContext, options: Parameters<typeof startOwnMesh>[1] = {}): Promise<OwnMesh> {
  const bed = await startOwnMesh(t, options)
  for (const modelId of ['one', 'two']) {
    await bed.mesh('registerModel', { modelId, modelInfo: await bed.model(modelId) })
  }
  for (const vModelId of ['a', 'ä']) await bed.mesh('setVModel', { vModelId, targetModelId: 'one' })
  return bed
}

async function refused(bed: OwnMesh, name: string, headers: Headers = []) {
  return refusalOf(bed.call(INFER, { model_name: name }, { headers }))
}

describe('names of a request', () => {
  test('check 55: stand in the message, or in metadata; the message wins', async t => {
    const bed = await started(t)
    const cases: [name: string, headers: Headers, answers: string][] = [
      ['one', [], 'one'],
      ['a', [], 'one'],
      ['', [['mm-model-id', 'two']], 'two'],
      ['', [['mm-model-id-bin', 'two']], 'two'],
      ['', [['tas-model-id', 'two']], 'two'],
      ['', [['mm-vmodel-id', 'a']], 'one'],
      ['', [['mm-vmodel-id-bin', 'ä']], 'one'],
      ['ä', [], 'one'],
      ['one', [['mm-model-id', 'two']], 'one'],
      ['two', [['mm-vmodel-id', 'a']], 'two'],
      [
        '',
        [
          ['mm-model-id', 'one'],
          ['mm-model-id-bin', 'two'],
        ],
        'two',
      ],
    ]
    for (const [name, headers, answers] of cases) {
      assert.equal(await bed.ask(name, headers), answers, JSON.stringify([name, headers]))
    }
    // An id of a model is no alias, and the other way round.
    assert.deepEqual(await refused(bed, '', [['mm-model-id', 'a']]), ['NOT_FOUND', "model not found: 'a'"])
    assert.deepEqual(await refused(bed, '', [['mm-vmodel-id', 'one']]), [
      'NOT_FOUND',
      "vmodel not found: 'one'",
    ])
  })

  test('check 55: none, two kinds, and what is no id are refused', async t => {
    const bed = await started(t)
    const cases: [Headers, RegExp][] = [
      [[], /must include mm-model-id header/],
      [
        [
          ['mm-model-id', 'one'],
          ['mm-vmodel-id', 'a'],
        ],
        /must include only one of model id and vmodel id/,
      ],
      [[['mm-model-id', '']], /mm-model-id is empty/],
      [[['mm-vmodel-id-bin', '']], /mm-vmodel-id-bin is empty/],
      [[['mm-model-id', 'a b']], /visible ASCII/],
      [[['mm-model-id', 'x'.repeat(1025)]], /1025 characters, allowed are 1024/],
      [[['mm-model-id', Array.from({ length: 257 }, () => 'x').join(', ')]], /257 models, allowed are 256/],
    ]
    for (const [headers, text] of cases) {
      const [code, said] = await refused(bed, '', headers)
      assert.equal(code, 'INVALID_ARGUMENT', said)
      assert.match(said, text)
    }
  })

  test('check 57: every door gives the same answer, and names the model that gave it', async t => {
    const bed = await started(t)
    const grpc = await bed.call(INFER, { model_name: 'a' })
    assert.deepEqual([saidIn(grpc.message), grpc.message['model_name']], ['one', 'one'])
    const rest = await bed.rest('POST', '/v2/models/a/infer', { inputs: [] })
    const outputs = rest.body['outputs'] as { data: string[] }[]
    assert.deepEqual([rest.status, rest.body['model_name'], outputs[0]?.data], [200, 'one', ['one']])
    const { host, port } = bed.server.grpc
    const hydrosphere = grpcClient(`${host}:${port}`, {
      file: 'tensorflow/serving/prediction_service.proto',
      service: 'tensorflow.serving.PredictionService',
    })
    t.after(() => hydrosphere.close())
    const named = { model_spec: { name: 'a' } }
    const unnamed: [object, Record<string, string>][] = [
      [named, {}],
      [{}, { 'mm-vmodel-id': 'a' }],
      [{}, { 'mm-model-id': 'one' }],
    ]
    for (const [message, headers] of unnamed) {
      const { message: answer } = await hydrosphere.call<{
        outputs: Record<string, { string_val: Buffer[] }>
      }>('Predict', message, { headers })
      assert.equal(String(answer.outputs['said']?.string_val[0]), 'one')
    }
    const metadata = await bed.call(`${V2}/ModelMetadata`, { name: 'a' })
    assert.equal(metadata.message['name'], 'one')
    const byHeader = await bed.call(`${V2}/ModelMetadata`, {}, { headers: [['mm-vmodel-id', 'a']] })
    assert.equal(byHeader.message['name'], 'one')
    assert.equal((await bed.rest('GET', '/v2/models/a')).body['name'], 'one')
    // And the same refusal.
    const refusals = [
      (await refused(bed, 'none'))[1],
      (await bed.rest('POST', '/v2/models/none/infer', { inputs: [] })).body['error'],
      (await refusalOf(hydrosphere.call('Predict', { model_spec: { name: 'none' } })))[1],
    ]
    assert.deepEqual(
      refusals,
      Array.from(refusals, () => "model not found: 'none'"),
    )
  })

  test('check 58: what is unknown is not found', async t => {
    const bed = await started(t)
    assert.deepEqual(await refused(bed, '', [['mm-model-id', 'none']]), [
      'NOT_FOUND',
      "model not found: 'none'",
    ])
    assert.deepEqual(await refused(bed, '', [['mm-vmodel-id', 'none']]), [
      'NOT_FOUND',
      "vmodel not found: 'none'",
    ])
    assert.deepEqual(await refused(bed, 'none'), ['NOT_FOUND', "model not found: 'none'"])
  })

  test('check 59: streams name an alias too', async t => {
    const bed = await started(t)
    const { host, port } = bed.server.grpc
    const client = grpcClient(`${host}:${port}`)
    t.after(() => client.close())
    const answers = async (name: string, headers: Record<string, string> = {}) => {
      const stream = client.open('ModelStreamInfer', {
        headers: { 'x-millrace-stream-shape': 'mlserver', ...headers },
        answerLike: 'ModelInfer',
      })
      stream.write({ model_name: name })
      stream.end()
      const said: string[] = []
      for await (const message of stream) said.push(saidIn(message as Record<string, unknown>))
      return said
    }
    assert.deepEqual(await answers('a'), ['one'])
    assert.deepEqual(await answers('', { 'mm-model-id': 'two' }), ['two'])
    assert.equal((await refusalOf(answers('none')))[0], 'NOT_FOUND')
  })
})

describe('methods', () => {
  test('check 59: a runtime is for its mesh alone', async t => {
    const bed = await started(t)
    for (const method of ['loadModel', 'unloadModel', 'predictModelSize', 'modelSize', 'runtimeStatus']) {
      const [code, text] = await refusalOf(bed.call(`mmesh.ModelRuntime/${method}`, {}))
      assert.deepEqual(
        [code, text],
        ['UNIMPLEMENTED', `Method not found or not permitted: mmesh.ModelRuntime/${method}`],
      )
    }
  })

  test('check 59: what the configuration does not list cannot be called, but the management can', async t => {
    const rpcConfigs = { [INFER]: { idExtractionPath: [1], vModelId: true } }
    const bed = await started(t, {
      environment: { MM_DATAPLANE_CONFIG: JSON.stringify({ rpcConfigs, allowOtherRpcs: false }) },
    })
    assert.equal(await bed.ask('a'), 'one')
    // Names in messages are aliases now, and nothing else.
    assert.deepEqual(await refused(bed, 'one'), ['NOT_FOUND', "vmodel not found: 'one'"])
    assert.equal(await bed.ask('', [['mm-model-id', 'one']]), 'one')
    const [code, text] = await refusalOf(bed.call(`${V2}/ModelMetadata`, { name: 'a' }))
    assert.deepEqual(
      [code, text],
      ['UNIMPLEMENTED', `Method not found or not permitted: ${V2}/ModelMetadata`],
    )
    assert.equal((await bed.call(`${V2}/ServerLive`, {})).message['live'], true)
  })

  test('a wrong configuration keeps the server from starting', async t => {
    const cases: [Record<string, string>, RegExp][] = [
      [{ MM_DATAPLANE_CONFIG: '{"other": 1}' }, /'other' is unknown/],
      [
        { MM_DATAPLANE_CONFIG: '{"rpcConfigs": {"a/b": {"idExtractionPath": [0]}}}' },
        /idExtractionPath is \[0\]/,
      ],
      [
        { MM_DATAPLANE_CONFIG: JSON.stringify({ rpcConfigs: { [INFER]: { idExtractionPath: [2] } } }) },
        /at \[1\]/,
      ],
      [{ MM_DATAPLANE_CONFIG: '{}', MM_DATAPLANE_CONFIG_PATH: '/x' }, /both set/],
      [{ MM_DATAPLANE_CONFIG_PATH: '/not/there' }, /cannot be read/],
      [{ MM_MULTI_PARALLELISM: '0' }, /from 1 to 64/],
      [{ MM_PAYLOAD_PROCESSORS: 'https://x' }, /http:\/\/ or logger:\/\//],
      [{ MM_AUTO_REGISTER_MODELS: '{}' }, /must be a list/],
      [
        { MM_AUTO_REGISTER_MODELS: '[{"modelId": "m", "modelInfo": {"type": ""}}]' },
        /model 'm' cannot be registered/,
      ],
    ]
    for (const [environment, message] of cases) {
      await assert.rejects(startOwnMesh(t, { environment }), { code: 'INVALID_ARGUMENT', message })
    }
  })

  test('check 56: a method of another door gets the id in its message, wherever that stands', async t => {
    const seen: [string, string | undefined][] = []
    const doors: ServeDoors = {
      methods: new Map([
        [
          '/other.Service/Say',
          {
            kind: 'unary',
            handle(message, { headers }) {
              seen.push([Buffer.from(message).toString('latin1'), headers['mm-model-id-bin']])
              return message
            },
          },
        ],
      ]),
    }
    const rpcConfigs = { 'other.Service/Say': { idExtractionPath: [2, 1], vModelId: true } }
    const bed = await started(t, {
      doors,
      environment: { MM_DATAPLANE_CONFIG: JSON.stringify({ rpcConfigs }) },
    })
    const say = (bytes: number[], headers: Headers = []) =>
      bed.raw('other.Service/Say', Uint8Array.from(bytes), { headers }).then(answer => [...answer])
    const one = [0x12, 5, 0x0a, 3, 0x6f, 0x6e, 0x65]
    assert.deepEqual(await say([0x12, 3, 0x0a, 1, 0x61]), one)
    // Twice: nobody is left with the alias.
    assert.deepEqual(await say([0x12, 3, 0x0a, 1, 0x78, 0x12, 3, 0x0a, 1, 0x61]), [...one, ...one])
    assert.deepEqual(await say([], [['mm-vmodel-id', 'a']]), one)
    assert.deepEqual(
      seen.map(([, id]) => Buffer.from(id ?? '', 'base64').toString()),
      ['one', 'one', 'one'],
    )
    assert.deepEqual(await refusalOf(say([0x12, 3, 0x0a, 1, 0x78])), ['NOT_FOUND', "vmodel not found: 'x'"])
    assert.equal((await refusalOf(say([])))[0], 'INVALID_ARGUMENT')
    assert.equal((await refusalOf(say([0x10, 1])))[0], 'INVALID_ARGUMENT')
  })
})

describe('a request to several models', () => {
  test('check 60: is answered by all of them in one message, in the order of the ids', async t => {
    const bed = await started(t)
    const headers: Headers = [
      ['mm-model-id', 'one'],
      ['mm-model-id', 'two'],
      ['mm-model-id', 'one'],
    ]
    const { message } = await bed.call(INFER, {}, { headers })
    assert.deepEqual(
      textsIn(message).filter(text => !text.startsWith('{')),
      ['one', 'two', 'one'],
    )
    const binary: Headers = headers.map(([name, id]) => [`${name}-bin`, id])
    assert.equal(textsIn((await bed.call(INFER, {}, { headers: binary })).message).length, 6)
    const aliases: Headers = [
      ['mm-vmodel-id', 'a'],
      ['mm-vmodel-id', 'a'],
    ]
    assert.equal(textsIn((await bed.call(INFER, {}, { headers: aliases })).message).length, 4)
    // A name in the message is the only one.
    assert.equal(textsIn((await bed.call(INFER, { model_name: 'two' }, { headers })).message).length, 2)
  })

  test('check 60: needs all or any of them, as its metadata says', async t => {
    const bed = await started(t)
    const ids: Headers = [
      ['mm-model-id', 'none'],
      ['mm-model-id', 'two'],
    ]
    assert.equal(saidIn((await bed.call(INFER, {}, { headers: ids })).message), 'two')
    assert.equal(
      saidIn((await bed.call(INFER, {}, { headers: [...ids, ['mm-required', 'any']] })).message),
      'two',
    )
    assert.deepEqual(await refused(bed, '', [...ids, ['mm-required', 'all']]), [
      'NOT_FOUND',
      "model not found: 'none'",
    ])
    assert.equal((await refused(bed, '', [...ids, ['mm-required', 'some']]))[0], 'INVALID_ARGUMENT')
    assert.equal(
      (
        await refused(bed, '', [
          ['mm-model-id', 'x'],
          ['mm-model-id', 'y'],
        ])
      )[0],
      'NOT_FOUND',
    )
  })
})

describe('what a model sees of a call, and its client of the model', () => {
  test('check 61: a model that is gone comes back; any other refusal is final', async t => {
    const bed = await started(t)
    assert.equal(await bed.ask('one'), 'one')
    await bed.server.registry.unload('one')
    assert.equal(await bed.ask('one'), 'one')
    for (const code of [
      'INVALID_ARGUMENT',
      'FAILED_PRECONDITION',
      'UNAVAILABLE',
      'RESOURCE_EXHAUSTED',
      'INTERNAL',
    ]) {
      const id = fresh('refusing')
      const modelInfo = await bed.model(id, { refusal: [code, `${id} says so`] })
      await bed.mesh('registerModel', { modelId: id, modelInfo })
      assert.deepEqual(await refused(bed, id), [code, `${id} says so`])
    }
  })

  test('check 62: a deadline and a cancellation reach it', async t => {
    const bed = await started(t)
    const hold = fresh('hold')
    await bed.mesh('registerModel', { modelId: hold, modelInfo: await bed.model(hold, { hold }) })
    await bed.mesh('setVModel', { vModelId: 'h', targetModelId: hold })
    const caller = new AbortController()
    const cancelled = refusalOf(bed.call(INFER, { model_name: 'h' }, { signal: caller.signal }))
    await reached(hold)
    caller.abort()
    assert.equal((await cancelled)[0], 'CANCELLED')
    await reached(`${hold} is left`)
    const [code] = await refusalOf(bed.call(INFER, { model_name: 'h' }, { timeoutMs: 50 }))
    assert.equal(code, 'DEADLINE_EXCEEDED')
    gate(hold).resolve()
    const before = Date.now()
    const { message } = await bed.call(INFER, { model_name: 'a' }, { timeoutMs: 30_000 })
    const outputs = message['outputs'] as { name: string; contents: { fp64_contents: number[] } }[]
    const deadlineMs = outputs.find(({ name }) => name === 'deadline')!.contents.fp64_contents[0]!
    assert.ok(deadlineMs > before && deadlineMs <= before + 31_000)
  })

  test('check 63: metadata for the mesh stops here, all other passes; what a model answers with comes back', async t => {
    const bed = await started(t)
    const headers: Headers = [
      ['mm-vmodel-id', 'a'],
      ['mm-balanced', 'true'],
      ['x-user', 'me'],
    ]
    const { message, trailers } = await bed.call(INFER, {}, { headers })
    const seen = JSON.parse(textsIn(message)[1]!) as Record<string, string>
    assert.equal(seen['x-user'], 'me')
    assert.equal(seen['mm-model-id'], 'one')
    assert.equal(Buffer.from(seen['mm-model-id-bin'] ?? '', 'base64').toString(), 'one')
    const others = Object.keys(seen).filter(name => /^(?:mm-|grpc-|content-type|user-agent|tas-)/.test(name))
    assert.deepEqual(others.toSorted(), ['mm-model-id', 'mm-model-id-bin'])
    assert.equal(trailers['x-answered-by'], 'one')
  })
})

describe('payload processors', () => {
  test('check 64: are told of requests and answers, with the alias that was asked', async t => {
    const told: Record<string, unknown>[] = []
    const { promise: all, resolve } = Promise.withResolvers<void>()
    const collector = createServer((request, response) => {
      const pieces: Buffer[] = []
      request
        .on('data', (piece: Buffer) => pieces.push(piece))
        .on('end', () => {
          response.end()
          told.push(JSON.parse(Buffer.concat(pieces).toString()) as Record<string, unknown>)
          if (told.length === 4) resolve()
        })
    })
    collector.listen(0, '127.0.0.1')
    await once(collector, 'listening')
    t.after(() => void collector.close())
    const { port } = collector.address() as AddressInfo
    const bed = await started(t, {
      environment: {
        MM_PAYLOAD_PROCESSORS: `http://127.0.0.1:${port}/consume?one#${INFER} logger://*?two`,
        MM_PAYLOAD_PROCESSORS_THREADS: '1',
      },
    })
    await bed.call(INFER, { model_name: 'a', id: 'first' }, { headers: [['x-user', 'me']] })
    assert.equal(await bed.ask('two'), 'two')
    await refused(bed, 'one', [['x-user', 'me']]).then(([code]) => assert.equal(code, 'OK'))
    await all
    const [request, answer, second] = told
    const { data, id, metadata, ...rest } = request!
    assert.deepEqual(rest, { modelid: 'one', vModelId: 'a', kind: 'request', status: '' })
    assert.match(Buffer.from(data as string, 'base64').toString('latin1'), /a.*first/)
    assert.equal((metadata as Record<string, string>)['x-user'], 'me')
    assert.deepEqual(
      [answer?.['id'], answer?.['modelid'], answer?.['vModelId'], answer?.['kind'], answer?.['status']],
      [id, 'one', 'a', 'response', 'OK'],
    )
    assert.match(Buffer.from(answer?.['data'] as string, 'base64').toString('latin1'), /one/)
    assert.equal(second?.['vModelId'], null)
    const logged = bed.log.filter(({ message }) => message === 'payload')
    assert.deepEqual(
      logged.map(({ modelid, kind }) => [modelid, kind]),
      [
        ['two', 'request'],
        ['two', 'response'],
      ],
    )
  })

  test('a collector that is away harms no request', async t => {
    const bed = await started(t, {
      environment: { MM_PAYLOAD_PROCESSORS: 'http://127.0.0.1:1/x', MM_PAYLOAD_PROCESSORS_CAPACITY: '1' },
    })
    await Promise.all(Array.from({ length: 20 }, async () => assert.equal(await bed.ask('a'), 'one')))
    assert.ok(bed.log.some(({ message }) => /payloads were dropped/.test(String(message))))
  })
})

describe('models that are registered at the start', () => {
  test('have aliases, and are loaded before the server is ready', async t => {
    const folder = await meshFolder(t)
    const modelInfo = await (await startOwnMesh(t, { folder })).model('m')
    const bed = await startOwnMesh(t, {
      folder,
      environment: {
        MM_AUTO_REGISTER_MODELS: JSON.stringify([
          { modelId: 'kept', modelInfo, vModelId: 'k', retainAfterTransition: true, ensureLoaded: true },
          { modelId: 'plain', modelInfo },
        ]),
        MM_LOCATION: 'somewhere',
      },
    })
    assert.equal((await bed.mesh('getModelStatus', { modelId: 'kept' }))['status'], 'LOADED')
    assert.equal((await bed.mesh('getModelStatus', { modelId: 'plain' }))['status'], 'NOT_LOADED')
    assert.equal(await bed.ask('k'), 'kept')
    assert.ok(bed.log.some(({ unread }) => String(unread) === 'MM_LOCATION'))
    // It stays when its alias has gone elsewhere.
    await bed.mesh('setVModel', { vModelId: 'k', targetModelId: 'plain', force: true })
    assert.equal((await bed.mesh('getModelStatus', { modelId: 'kept' }))['status'], 'LOADED')
    await assert.rejects(
      startOwnMesh(t, {
        environment: {
          MM_AUTO_REGISTER_MODELS: JSON.stringify([
            { modelId: 'm', modelInfo: { type: 'custom', path: 'not-there' }, ensureLoaded: true },
          ]),
        },
      }),
      /not-there/,
    )
  })
})
