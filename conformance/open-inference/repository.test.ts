import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isServiceError } from './forms/grpc.ts'
import { type GrpcClient, grpcClient, statusName } from './forms/grpc-client.ts'
import { callRest } from './forms/rest-call.ts'
import { answersStillInEveryForm } from './good-request.ts'
import { tensor, text } from './scenarios/scenario.ts'
import { openTarget, startServer, type Target } from './target.ts'

let target: Target
let deprecated: GrpcClient
before(async () => {
  target = await openTarget()
  deprecated = grpcClient(target.grpc, {
    file: 'model_repository.proto',
    service: 'inference.model_repository.ModelRepositoryService',
  })
})
after(async () => {
  deprecated.close()
  await target.close()
})

interface Entry {
  readonly name: string
  readonly version?: string
  readonly state: string
  readonly reason: string
}

function post(path: string, body?: object | string, on = target) {
  return callRest(new URL(`/v2/repository/${path}`, on.rest), 'POST', body)
}

async function restIndex(body?: object | string, on = target): Promise<readonly Entry[]> {
  const { status, json } = await post('index', body, on)
  assert.equal(status, 200)
  return json as Entry[]
}

async function grpcIndex(client = target.client, message: object = {}): Promise<readonly Entry[]> {
  return (await client.call<{ models: Entry[] }>('RepositoryIndex', message)).message.models
}

function ofModel(entries: readonly Entry[], model: string): readonly Entry[] {
  return entries
    .filter(({ name }) => name === model)
    .toSorted((a, b) => (a.version ?? '').localeCompare(b.version ?? ''))
}

async function refusal(calling: Promise<unknown>): Promise<readonly [string, string]> {
  try {
    await calling
  } catch (error) {
    if (isServiceError(error)) return [statusName(error), error.details]
    throw error
  }
  return ['OK', '']
}

suite('index', () => {
  const bodies: Readonly<Record<string, object | string | undefined>> = {
    'no body': undefined,
    'an empty body': '',
    'an empty object': {},
    'ready: false': { ready: false },
    'ready: true': { ready: true },
    'something else beside it': { ready: null, more: 1 },
  }
  for (const [title, body] of Object.entries(bodies)) {
    test(`with ${title}`, async () => {
      const entries = await restIndex(body)
      assert.deepEqual(ofModel(entries, 'echo'), [{ name: 'echo', state: 'READY', reason: '' }])
      assert.deepEqual(ofModel(entries, 'versions'), [
        { name: 'versions', version: '10', state: 'READY', reason: '' },
        { name: 'versions', version: '2', state: 'READY', reason: '' },
      ])
    })
  }

  for (const ready of ['yes', 1, [], {}]) {
    test(`ready: ${JSON.stringify(ready)} is refused`, async () => {
      const { status, refusal: refused } = await post('index', { ready })
      assert.equal(status, 400)
      assert.match(refused!.message, /'ready' is .*; it must be true or false/)
    })
  }

  for (const body of ['[]', 'null', 'ready', '{"ready":', '['.repeat(1_000_000)]) {
    test(`${body.slice(0, 10)} is refused`, async () => {
      const { status, refusal: refused } = await post('index', body)
      assert.equal(status, 400)
      assert.match(refused!.message, /the body must be a JSON object/)
    })
  }

  test('over gRPC, by both services', async () => {
    const rest = (await restIndex()).map(entry => ({ version: '', ...entry }))
    assert.deepEqual(await grpcIndex(), rest)
    assert.deepEqual(await grpcIndex(deprecated), rest)
  })
})

/** Every way to see that a model is there, or is not: `true` or its refusals. */
async function isServed(name: string): Promise<boolean> {
  const inputs = [tensor('x', 'FP32', [1, 2], [1, 2])]
  const paths = [`/v2/models/${name}`, `/v2/models/${name}/ready`, `/v2/models/${name}/stats`]
  const statuses = [
    ...(
      await Promise.all(paths.map(async path => (await callRest(new URL(path, target.rest), 'GET')).status))
    ).map(status => status === 200),
    ...(
      await Promise.all(
        ['ModelReady', 'ModelMetadata'].map(method => refusal(target.client.call(method, { name }))),
      )
    ).map(([status]) => status === 'OK'),
    ...(await Promise.all(target.forms.map(form => form.ask({ model: name, inputs })))).map(
      outcome => 'answer' in outcome,
    ),
  ]
  assert.equal(new Set(statuses).size, 1, `every door says the same: ${statuses.join(', ')}`)
  return statuses[0]!
}

suite('load and unload', () => {
  const ways: Readonly<Record<string, (verb: 'load' | 'unload', name: string) => Promise<unknown>>> = {
    'REST without a body': (verb, name) => post(`models/${name}/${verb}`),
    'REST with an empty object': (verb, name) => post(`models/${name}/${verb}`, {}),
    'REST as tritonclient does': (verb, name) =>
      post(`models/${name}/${verb}`, { parameters: { unload_dependents: false } }),
    'REST with a body that means nothing': (verb, name) => post(`models/${name}/${verb}`, 'anything'),
    gRPC: (verb, name) =>
      target.client.call(`RepositoryModel${verb === 'load' ? 'Load' : 'Unload'}`, {
        model_name: name,
        parameters: { unload_dependents: { bool_param: false } },
      }),
    "gRPC with KServe's fields": (verb, name) =>
      target.client.call(`RepositoryModel${verb === 'load' ? 'Load' : 'Unload'}`, { repository_name: name }),
    "gRPC, MLServer's deprecated service": (verb, name) =>
      deprecated.call(`RepositoryModel${verb === 'load' ? 'Load' : 'Unload'}`, { model_name: name }),
  }
  for (const [title, way] of Object.entries(ways)) {
    test(title, async () => {
      assert.equal(await isServed('double'), true)
      await way('unload', 'double')
      assert.equal(await isServed('double'), false)
      assert.deepEqual(ofModel(await restIndex(), 'double'), [
        { name: 'double', state: 'UNAVAILABLE', reason: '' },
      ])
      assert.deepEqual(ofModel(await restIndex({ ready: true }), 'double'), [])
      assert.deepEqual(ofModel(await grpcIndex(target.client, { ready: true }), 'double'), [])
      await way('load', 'double')
      assert.equal(await isServed('double'), true)
      await way('load', 'double')
      assert.equal(await isServed('double'), true)
    })
  }

  test('answers have no body', async () => {
    for (const verb of ['unload', 'load']) {
      const { status, json } = await post(`models/double/${verb}`)
      assert.deepEqual([status, json], [200, undefined], verb)
    }
  })

  test('every version goes, and comes back', async () => {
    await post('models/versions/unload')
    const gone = { name: 'versions', state: 'UNAVAILABLE', reason: '' }
    assert.deepEqual(ofModel(await restIndex(), 'versions'), [
      { ...gone, version: '10' },
      { ...gone, version: '2' },
    ])
    await post('models/versions/load')
    assert.deepEqual(
      ofModel(await restIndex({ ready: true }), 'versions').map(({ version }) => version),
      ['10', '2'],
    )
  })

  test('a second unload finds nothing', async () => {
    await post('models/double/unload')
    const { status, refusal: refused } = await post('models/double/unload')
    assert.deepEqual([status, refused?.message], [404, 'Model double not found'])
    await post('models/double/load')
  })

  for (const verb of ['load', 'unload'] as const) {
    test(`${verb} of an unknown model`, async () => {
      const { status, refusal: refused } = await post(`models/my-model/${verb}`)
      assert.deepEqual([status, refused?.message], [404, 'Model my-model not found'])
      const method = `RepositoryModel${verb === 'load' ? 'Load' : 'Unload'}`
      for (const client of [target.client, deprecated]) {
        const answer = await refusal(client.call(method, { model_name: 'my-model' }))
        assert.deepEqual(answer, ['NOT_FOUND', 'Model my-model not found'])
      }
    })
  }

  for (const parameter of ['config', 'file:1/model.onnx']) {
    test(`load with ${parameter} is refused, because it would be ignored`, async () => {
      const { status, refusal: refused } = await post('models/double/load', {
        parameters: { [parameter]: 'x' },
      })
      assert.equal(status, 501)
      assert.match(refused!.message, new RegExp(`load parameter '${parameter}' is not supported`))
      const message = { model_name: 'double', parameters: { [parameter]: { string_param: 'x' } } }
      assert.equal((await refusal(target.client.call('RepositoryModelLoad', message)))[0], 'UNIMPLEMENTED')
      await answersStillInEveryForm(target)
    })
  }
})

suite('a model whose load answers false', () => {
  let unready: Target
  before(async () => {
    unready = await startServer({ folder: fileURLToPath(new URL('../models/unready', import.meta.url)) })
  })
  after(() => unready.close())

  test('is loaded, and not ready', async () => {
    assert.deepEqual(await restIndex({}, unready), [
      { name: 'unready', state: 'UNAVAILABLE', reason: 'Its load() answered false.' },
    ])
    assert.deepEqual(await restIndex({ ready: true }, unready), [])
    for (const path of ['/v2/models/unready/ready', '/v2/health/ready']) {
      assert.equal((await callRest(new URL(path, unready.rest), 'GET')).status, 503)
    }
    assert.deepEqual((await unready.client.call('ModelReady', { name: 'unready' })).message, { ready: false })
    assert.deepEqual((await unready.client.call('ServerReady', {})).message, { ready: false })
    assert.equal((await callRest(new URL('/v2/health/live', unready.rest), 'GET')).status, 200)
    assert.equal((await callRest(new URL('/v2/models/unready', unready.rest), 'GET')).status, 200)
  })

  test('loading it again is no error', async () => {
    assert.equal((await post('models/unready/load', {}, unready)).status, 200)
  })

  test('refuses requests for now', async () => {
    for (const form of unready.forms) {
      const outcome = await form.ask({ model: 'unready', inputs: [text('x', 'y')] })
      assert.ok('refusal' in outcome)
      assert.equal(outcome.refusal.message, 'Model unready is not ready yet. Its load() answered false.')
      assert.equal(outcome.refusal.status, form.protocol === 'rest' ? 503 : 'UNAVAILABLE')
      if (form.protocol === 'rest') assert.equal(outcome.refusal.headers['retry-after'], '1')
      else assert.equal(outcome.refusal.headers['grpc-retry-pushback-ms'], '1000')
    }
  })
})
