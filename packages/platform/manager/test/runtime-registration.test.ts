import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeContract } from '@millrace/sdk/protocol'
import { openStore } from '../../store/index.ts'
import { startManager, temporaryFolder } from './manager-bed.ts'
import { metadataOf, payloadOf, uploadAndBuild } from './upload-bed.ts'

interface Pull {
  readonly id: number
  readonly status: string
  readonly statusText?: string
  readonly runtime?: object
}

/** As the guide to runtimes has it, with other values. */
const body = (more: object = {}) => ({
  name: 'acme/echo-runtime',
  version: '1.0',
  modelTypes: ['python:3.6'],
  tags: ['demo'],
  configParams: {},
  ...more,
})

const ask = async (url: string, json?: unknown) => {
  const response = await fetch(
    url,
    json === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(json) },
  )
  return [response.status, await response.json()] as const
}

async function settled(url: string, id: number): Promise<Pull> {
  for (;;) {
    const [, pull] = await ask(`${url}/api/v1/runtime/status/${id}`)
    const { status } = pull as Pull
    if (status !== 'Pending' && status !== 'Running') return pull as Pull
  }
}

test('a program is registered, listed, and serves versions that name it', async t => {
  const { url, folder } = await startManager(t)
  const configParams = { MILLRACE_COMMAND: 'sh -c "exit 0"', MILLRACE_GENERATION: 'g1', LOG: '1' }
  const [status, answer] = await ask(`${url}/api/v1/runtime`, body({ configParams }))
  assert.equal(status, 200)
  const { startedAt, ...pull } = answer as Pull & { startedAt: string }
  assert.match(startedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)
  assert.deepEqual(pull, {
    id: 1,
    name: 'acme/echo-runtime',
    version: '1.0',
    suitableModelTypes: ['python:3.6'],
    tags: ['demo'],
    configParams,
    status: 'Pending',
  })
  const runtime = {
    id: 1,
    name: 'acme/echo-runtime',
    version: '1.0',
    suitableModelType: ['python:3.6'],
    tags: ['demo'],
    configParams,
  }
  const finished = await settled(url, 1)
  assert.equal(finished.status, 'Finished')
  assert.deepEqual(finished.runtime, runtime)
  assert.deepEqual(await ask(`${url}/api/v1/runtime`), [200, [runtime]])
  assert.deepEqual(await ask(`${url}/api/v1/runtime/modelType/${encodeURIComponent('python:3.6')}`), [
    200,
    [runtime],
  ])
  assert.deepEqual(await ask(`${url}/api/v1/runtime/modelType/spark`), [200, []])
  assert.deepEqual(await ask(`${url}/api/v1/runtime`, body()), [
    500,
    { error: 'Client', information: { message: 'Runtime acme/echo-runtime:1.0 already exists' } },
  ])
  const metadata = metadataOf('echo', { runtime: { name: 'acme/echo-runtime', tag: '1.0' } })
  const { version } = await uploadAndBuild(url, metadata, payloadOf({ a: 'a' }))
  assert.equal(version.status, 'Released')
  const bytes = await readFile(join(folder, 'data/versions', String(version.id), 'model/contract.protobin'))
  const contract = decodeContract(bytes, 'G1')
  assert.equal(contract.modelName, 'echo')
  assert.equal(contract.signatures[0]?.name, 'scale')
})

test('what cannot be run fails with what to do about it', async t => {
  const { url } = await startManager(t)
  const cases: readonly (readonly [object, RegExp])[] = [
    [{}, /acme\/echo-runtime:1\.0 is a container image.*MILLRACE_COMMAND/],
    [{ MILLRACE_COMMAND: 'no-such-program-here' }, /'no-such-program-here' is not on the PATH/],
    [{ MILLRACE_COMMAND: '/nowhere/run' }, /'\/nowhere\/run' is no program/],
    [{ MILLRACE_COMMAND: 'sh', MILLRACE_WORKDIR: '/nowhere' }, /MILLRACE_WORKDIR '\/nowhere'/],
  ]
  for (const [configParams, expected] of cases) {
    // The one before has failed, and its name is free again.
    const [status, pull] = await ask(`${url}/api/v1/runtime`, body({ configParams }))
    assert.equal(status, 200)
    const { status: end, statusText } = await settled(url, (pull as Pull).id)
    assert.equal(end, 'Failed')
    assert.match(statusText ?? '', expected)
  }
  assert.deepEqual(await ask(`${url}/api/v1/runtime`), [200, []])
})

test('errors of version 1 have its form', async t => {
  const { url } = await startManager(t)
  const refused = async (path: string, json?: unknown) => {
    const [status, answer] = await ask(`${url}${path}`, json)
    assert.equal(status, 500)
    const { error, information } = answer as { error: string; information: { message: string } }
    assert.equal(error, 'Client')
    return information.message
  }
  assert.match(await refused('/api/v1/runtime', { ...body(), tags: undefined }), /required property 'tags'/)
  assert.match(await refused('/api/v1/runtime', body({ name: 'a b' })), /name must match pattern/)
  assert.match(
    await refused('/api/v1/runtime', body({ configParams: { MILLRACE_GENERATION: 'G7' } })),
    /MILLRACE_GENERATION 'G7' is not one of G1, G2, G3, V2/,
  )
  assert.match(
    await refused('/api/v1/runtime', body({ configParams: { MILLRACE_COMMAND: '"x' } })),
    /MILLRACE_COMMAND '"x' has a quote without an end/,
  )
  assert.equal(await refused('/api/v1/runtime/status/5'), "Can't find runtime id 5")
  assert.match(await refused('/api/v1/model'), /version 1 is not supported; use GET \/api\/v2\/model/)
})

test('a registration that a killed manager has left open is failed at the next start', async t => {
  const folder = await temporaryFolder(t)
  const store = await openStore({ file: join(folder, 'millrace.db') })
  const { id } = await store.runtimes.register(body())
  await store.close()
  const { url } = await startManager(t, { folder })
  const { status, statusText } = await settled(url, id)
  assert.equal(status, 'Failed')
  assert.match(statusText ?? '', /register it again/)
})
