import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import { startManager } from './manager-bed.ts'
import { metadataOf, payloadOf, SIGNATURE, uploadAndBuild } from './upload-bed.ts'

const PAYLOAD = payloadOf({ 'a.txt': 'a' })

const ask = async (url: string, init?: RequestInit) => {
  const response = await fetch(url, init)
  return [response.status, await response.json()] as const
}

const post = (url: string, body: unknown) =>
  ask(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

const notFound = (message: string) => [404, { message, error: 'NotFound' }]

test('models and versions are listed, and deleted unless they are used', async t => {
  const { url, store } = await startManager(t)
  const { version } = await uploadAndBuild(url, metadataOf('scaler'), PAYLOAD)
  assert.deepEqual(await ask(`${url}/api/v2/model`), [200, [{ id: 1, name: 'scaler' }]])
  assert.deepEqual(await ask(`${url}/api/v2/model/1`), [200, { id: 1, name: 'scaler' }])
  await store.applications.create({
    name: 'shop',
    signature: SIGNATURE,
    graph: {
      stages: [{ modelVariants: [{ modelVersionId: version.id, weight: 100 }], signature: SIGNATURE }],
    },
  })
  const [, views] = await ask(`${url}/api/v2/model/version`)
  const [view] = views as { applications: string[] }[]
  assert.deepEqual(view?.applications, ['shop'])
  assert.deepEqual(await ask(`${url}/api/v2/model/1`, { method: 'DELETE' }), [
    400,
    { message: "Can't delete the model. It's used in [shop].", error: 'InvalidRequest' },
  ])
  await store.applications.delete('shop')
  assert.deepEqual(await ask(`${url}/api/v2/model/1`, { method: 'DELETE' }), [200, { id: 1, name: 'scaler' }])
  assert.deepEqual(await ask(`${url}/api/v2/model/version`), [200, []])
})

test('what is not there is not found, and a wrong path or method says so', async t => {
  const { url } = await startManager(t)
  assert.deepEqual(await ask(`${url}/api/v2/model/7`), notFound("Can't find a model with id 7"))
  assert.deepEqual(
    await ask(`${url}/api/v2/model/version/none/3`),
    notFound("Can't find a model version with name=none, version=3"),
  )
  assert.deepEqual(await ask(`${url}/api/v2/nothing?x=1`), notFound('There is nothing at /api/v2/nothing'))
  assert.deepEqual(await ask(`${url}/api/v2/model/x`), [
    400,
    { message: "model id 'x' is not a positive integer", error: 'InvalidRequest' },
  ])
  const wrong = await fetch(`${url}/api/v2/model/version`, { method: 'PATCH' })
  assert.equal(wrong.status, 405)
  assert.match(wrong.headers.get('allow') ?? '', /GET/)
})

test('an external version is released at once, and shares the numbers of its model', async t => {
  const { url } = await startManager(t)
  await uploadAndBuild(url, metadataOf('fraud'), PAYLOAD)
  const [status, made] = await post(`${url}/api/v2/externalmodel`, {
    name: 'fraud',
    signature: SIGNATURE,
    monitoringConfiguration: { batchSize: 7 },
  })
  assert.equal(status, 200)
  const { created, ...rest } = made as { created: string; id: number }
  assert.deepEqual(rest, {
    id: 2,
    modelVersion: 2,
    modelSignature: SIGNATURE,
    model: { id: 1, name: 'fraud' },
    metadata: {},
    monitoringConfiguration: { batchSize: 7 },
  })
  assert.deepEqual(await ask(`${url}/api/v2/model/version/fraud/2`), [
    200,
    {
      ...rest,
      created,
      finished: created,
      image: null,
      runtime: null,
      status: 'Released',
      statusMessage: null,
      applications: [],
      isExternal: true,
    },
  ])
  const [logStatus] = await ask(`${url}/api/v2/model/version/2/logs`)
  assert.equal(logStatus, 404)
  const [refused, error] = await post(`${url}/api/v2/externalmodel`, { name: 'fraud' })
  assert.equal(refused, 400)
  assert.match((error as { message: string }).message, /^signature: nothing is not an object/)
})

test('a profile that was not given is NONE, and the older form of a signature is taken', async t => {
  const { url } = await startManager(t)
  const dimensions = { dim: [{ size: -1, name: '' }], unknownRank: false }
  const contract = {
    modelName: 'older',
    predict: {
      signatureName: 'f',
      inputs: [{ name: 'x', dtype: 'DT_FLOAT', shape: dimensions, profile: null }],
      outputs: [{ name: 'y', dtype: 'DT_FLOAT', shape: null }],
    },
  }
  const metadata = metadataOf('older', { modelSignature: undefined, contract })
  const { version } = await uploadAndBuild(url, metadata, PAYLOAD)
  assert.deepEqual((version as typeof version & { modelSignature: object }).modelSignature, {
    signatureName: 'f',
    inputs: [{ name: 'x', dtype: 'DT_FLOAT', shape: { dims: [-1] }, profile: 'NONE' }],
    outputs: [{ name: 'y', dtype: 'DT_FLOAT', shape: null, profile: 'NONE' }],
  })
})

test('the manager says what it is, what it offers and what it does not', async t => {
  const { url, complaints } = await startManager(t, { buildInfo: { version: '9.9.9', commit: 'abc' } })
  const [, info] = await ask(`${url}/api/buildinfo`)
  assert.equal((info as { version: string }).version, '9.9.9')
  assert.equal((info as { gitHeadCommit: string }).gitHeadCommit, 'abc')
  for (const path of ['/swagger', '/swagger/json', '/api/v2/docs.json']) {
    const [status, document] = await ask(`${url}${path}`)
    assert.equal(status, 200)
    const { openapi, paths } = document as { openapi: string; paths: object }
    assert.equal(openapi, '3.1.0')
    assert.ok('/api/v2/model/upload' in paths)
  }
  for (const path of ['/monitoring/profiles/batch/1', '/stat/metrics', '/rootcause/x', '/visualization/y']) {
    const [status, body] = await ask(`${url}${path}`)
    assert.equal(status, 501)
    assert.equal((body as { error: string }).error, 'NotSupported')
  }
  assert.deepEqual(complaints, [])
})

test('routes of other parts are answered and described with its own', async t => {
  const { url } = await startManager(t, {
    moreRoutes(app) {
      app.get('/monitoring/thing', { schema: { tags: ['monitoring'] } }, () => ({ is: 'there' }))
      app.get('/stat/broken', () => {
        throw new ServingError('FAILED_PRECONDITION', 'not yet')
      })
    },
  })
  assert.deepEqual(await ask(`${url}/monitoring/thing`), [200, { is: 'there' }])
  assert.deepEqual(await ask(`${url}/stat/broken`), [400, { message: 'not yet', error: 'InvalidRequest' }])
  assert.equal((await ask(`${url}/monitoring/other`))[0], 404)
  const [, document] = await ask(`${url}/api/v2/docs.json`)
  assert.ok('/monitoring/thing' in (document as { paths: object }).paths)
})

test('browsers of any origin may ask', async t => {
  const { url } = await startManager(t)
  const preflight = await fetch(`${url}/api/v2/model/upload`, {
    method: 'OPTIONS',
    headers: { origin: 'http://elsewhere', 'access-control-request-headers': 'x-mine' },
  })
  assert.equal(preflight.status, 200)
  assert.equal(preflight.headers.get('access-control-allow-origin'), '*')
  assert.equal(preflight.headers.get('access-control-allow-headers'), 'x-mine')
  assert.match(preflight.headers.get('access-control-allow-methods') ?? '', /DELETE/)
  const refused = await fetch(`${url}/api/v2/model/9`, { headers: { origin: 'http://elsewhere' } })
  assert.equal(refused.headers.get('access-control-allow-origin'), '*')
})

test('bodies that are no JSON, too large or of another type are refused', async t => {
  const { url } = await startManager(t)
  const send = async (type: string, body: string) => {
    const response = await fetch(`${url}/api/v2/externalmodel`, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    })
    const { error } = (await response.json()) as { error: string }
    return [response.status, error]
  }
  assert.deepEqual(await send('application/json', '{"name"'), [400, 'InvalidRequest'])
  assert.deepEqual(await send('application/json', '[]'), [400, 'InvalidRequest'])
  assert.deepEqual(await send('application/xml', '<a/>'), [415, 'InvalidRequest'])
  assert.deepEqual(await send('application/json', `"${'x'.repeat(5_000_000)}"`), [413, 'InvalidRequest'])
})
