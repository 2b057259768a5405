import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ServingError } from '@millrace/sdk'
import { fastify } from 'fastify'
import { type ModelSignature, openStore } from '../../store/index.ts'
import { shownError, statusOf } from '../http/monitoring-answer.ts'
import { createDataProfiles } from '../profiles/data-profiles.ts'
import { profileRoutes } from './profile-routes.ts'
import {
  createTrainingData,
  type TrainingData,
  type TrainingDataOptions,
  type TrainingStatus,
} from './training-data.ts'

const SIGNATURE: ModelSignature = {
  signatureName: 'f',
  inputs: [
    { name: 'x', dtype: 'DT_DOUBLE', shape: { dims: [] }, profile: 'NUMERICAL' },
    { name: 'colour', dtype: 'DT_STRING', shape: { dims: [] }, profile: 'CATEGORICAL' },
  ],
  outputs: [{ name: 'y', dtype: 'DT_DOUBLE', shape: { dims: [] }, profile: 'NONE' }],
}
const QUIET = { debug() {}, info() {}, warn() {}, error() {} }

type Options = Pick<TrainingDataOptions, 'fetchObject' | 'limits'>

async function bed(t: TestContext, options: Options = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-training-'))
  const store = await openStore({ file: join(folder, 'millrace.db') })
  const profiles = createDataProfiles({ store, log: QUIET })
  const training = await createTrainingData({ store, profiles, log: QUIET, ...options })
  const app = fastify()
  app.setErrorHandler((thrown, _request, reply) => {
    const error = shownError(thrown)
    return reply.code(statusOf(error)).send({ errors: [error.message] })
  })
  profileRoutes(app, { profiles, training })
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.after(async () => {
    app.server.closeAllConnections()
    await app.close()
    await training.close()
    await profiles.close()
    await store.close()
    await rm(folder, { recursive: true })
  })
  const { port } = app.server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/monitoring`
  const { id } = await store.modelVersions.createExternal({ modelName: 'm', signature: SIGNATURE })
  const get = async (path: string) => {
    const response = await fetch(`${url}/${path}`)
    return { status: response.status, json: await response.json() }
  }
  const post = async (path: string, body: string | ReadableStream, type = 'text/csv') => {
    const response = await fetch(`${url}/profiles/batch/${path}`, {
      method: 'POST',
      body,
      headers: type === '' ? {} : { 'content-type': type },
      duplex: 'half',
    })
    return { status: response.status, json: await response.json() }
  }
  return { store, training, profiles, port, id, get, post }
}

/** The status once processing is over. */
async function ended(training: TrainingData, versionId: number): Promise<TrainingStatus> {
  const status = await training.status(versionId, new AbortController().signal)
  return status.kind === 'Processing' ? ended(training, versionId) : status
}

/** An upload that has begun is seen by its status alone. */
async function begun(training: TrainingData, versionId: number): Promise<void> {
  while ((await training.status(versionId)).kind !== 'Processing') {
    await new Promise(resolve => setImmediate(resolve))
  }
}

test('an upload of any content type, chunked or not, becomes profiles', async t => {
  const { training, id, get, post, store } = await bed(t)
  assert.deepEqual((await get(`profiles/batch/${id}/status`)).json, { kind: 'NotRegistered' })
  const types = [
    'text/csv',
    'application/octet-stream',
    'application/json',
    'multipart/form-data; boundary=x',
    '',
  ]
  for (const type of types) {
    assert.deepEqual(await post(String(id), 'x,y,colour\n0,1,red\n10,2,blue\n3\n', type), {
      status: 200,
      json: 'ok',
    })
    assert.deepEqual(await ended(training, id), {
      kind: 'Success',
      message: '1 of 3 rows were left out, as they have not as many cells as the header (line 4)',
      rows: 2,
      skippedRows: 1,
    })
  }
  const chunks = ReadableStream.from([Buffer.from('x,colour\n-'), Buffer.from('5,red')])
  assert.equal((await post(String(id), chunks)).status, 200)
  assert.equal((await ended(training, id)).kind, 'Success')
  assert.deepEqual((await get(`fields/${id}`)).json, ['x_0'])
  const { json } = await get(`profiles/${id}/x_0`)
  assert.partialDeepStrictEqual(json, {
    production: null,
    training: {
      NumericalProfile: {
        name: 'x_0',
        modelVersionId: id,
        commonStatistics: { count: 11, distinctCount: 3, missing: 0 },
        quantileStatistics: { min: -5, max: 10, median: 0, range: 15 },
      },
    },
  })
  assert.deepEqual((await get(`profiles/${id}/colour`)).json, { training: null, production: null })
  const paths = (await get(`training_data?modelVersionId=${id}`)).json as string[]
  assert.equal(paths.length, 6)
  assert.equal(await readFile(fileURLToPath(paths[5]!), 'utf8'), 'x,colour\n-5,red')
  assert.deepEqual(await store.payloads.deleteUnused(new Date(Date.now() + 60_000)), [])
})

test('a body larger than those of other routes is taken, and one beyond the limit is refused', async t => {
  const { training, id, get, post } = await bed(t, { limits: { sizeBytesMax: 6_000_000 } })
  assert.equal((await post(String(id), `x\n${'123456789\n'.repeat(590_000)}`)).status, 200)
  assert.deepEqual(await ended(training, id), {
    kind: 'Success',
    message: null,
    rows: 590_000,
    skippedRows: 0,
  })
  const refused = await post(String(id), `x\n${'1\n'.repeat(3_000_000)}`)
  assert.equal(refused.status, 413)
  const message = 'the payload is larger than 6000000 bytes, which is the limit'
  assert.deepEqual(refused.json, { errors: [message] })
  assert.partialDeepStrictEqual(await training.status(id), { kind: 'Failure', message })
  assert.equal(((await get(`training_data?modelVersionId=${id}`)).json as string[]).length, 1)
})

test('a second upload waits for nobody: it is refused while the first is processed', async t => {
  const { training, id, get, post } = await bed(t)
  const { promise: more, resolve: sendRest } = Promise.withResolvers<void>()
  const { promise: sending, resolve: hasBegun } = Promise.withResolvers<void>()
  async function* slowly() {
    yield Buffer.from('x\n1\n')
    hasBegun()
    await more
    yield Buffer.from('2\n')
  }
  const first = post(String(id), ReadableStream.from(slowly()))
  await sending
  await begun(training, id)
  const second = await post(String(id), 'x\n3\n')
  assert.equal(second.status, 409)
  assert.match(JSON.stringify(second.json), /is being processed already/)
  assert.partialDeepStrictEqual((await get(`profiles/batch/${id}/status`)).json, { kind: 'Processing' })
  assert.partialDeepStrictEqual((await get(`profiles/batch/${id}/status?wait=0`)).json, {
    kind: 'Processing',
  })
  assert.equal((await get(`profiles/batch/${id}/status?wait=61`)).status, 400)
  sendRest()
  assert.equal((await first).status, 200)
  assert.partialDeepStrictEqual((await get(`profiles/batch/${id}/status?wait=60`)).json, { kind: 'Success' })
  assert.partialDeepStrictEqual(await ended(training, id), { kind: 'Success', rows: 2 })
  assert.equal((await post(String(id), 'x\n3\n')).status, 200)
  assert.partialDeepStrictEqual(await ended(training, id), { kind: 'Success', rows: 1 })
})

test('what fails says why, and leaves the profiles as they were', async t => {
  const { training, id, get, post } = await bed(t)
  for (const [body, message] of [
    ['', /empty/],
    ['1,2\n3,4\n', /first line must name the columns/],
    ['x\n"1\n', /never closed/],
  ] as const) {
    assert.equal((await post(String(id), body)).status, 200)
    const status = await ended(training, id)
    assert.ok(status.kind === 'Failure')
    assert.match(status.message!, message)
  }
  assert.deepEqual((await get(`fields/${id}`)).json, [])
  assert.deepEqual((await get(`training_data?modelVersionId=${id}`)).json, [])
})

test('unknown versions and what is no address are refused', async t => {
  const { id, get, post } = await bed(t)
  for (const path of [
    'profiles/batch/99/status',
    'training_data?modelVersionId=99',
    'profiles/99/x',
    'fields/99',
  ]) {
    const { status, json } = await get(path)
    assert.equal(status, 404, path)
    assert.deepEqual(json, { errors: ["Can't find modelversion id 99"] })
  }
  assert.equal((await post('99', 'x\n1\n')).status, 404)
  assert.equal((await get('fields/abc')).status, 400)
  assert.equal((await get('training_data')).status, 400)
  for (const body of [
    '{',
    '{}',
    '{"path":"/etc/passwd"}',
    '{"path":"s3://bucket"}',
    `{"path":"s3://b/${'k'.repeat(2048)}"}`,
  ]) {
    const { status, json } = await post(`${id}/s3`, body, 'application/json')
    assert.equal(status, 400, body)
    assert.match(JSON.stringify(json), /^\{"errors":\[/)
  }
  const { status, json } = await post(`${id}/s3`, '{"path":"s3://bucket/key.csv"}', 'application/json')
  assert.equal(status, 501)
  assert.match(JSON.stringify(json), /started without access to S3/)
})

test('training data elsewhere is read behind the answer, to its last byte', async t => {
  const asked: string[] = []
  const { training, id, get, post } = await bed(t, {
    async *fetchObject(uri) {
      asked.push(uri)
      if (uri.endsWith('none.csv')) throw new ServingError('NOT_FOUND', `there is no ${uri}`)
      yield Buffer.from(`x\n${'1\n'.repeat(3000)}`)
      yield Buffer.from('7')
    },
  })
  const path = `${id}/s3`
  assert.deepEqual(await post(path, '{"path":"s3://bucket/train.csv"}', 'application/json'), {
    status: 200,
    json: 'ok',
  })
  assert.partialDeepStrictEqual(await ended(training, id), { kind: 'Success', rows: 3001 })
  assert.partialDeepStrictEqual((await get(`profiles/${id}/x`)).json, {
    training: { NumericalProfile: { quantileStatistics: { max: 7 } } },
  })
  assert.equal((await post(path, '{"path":"s3://bucket/none.csv"}', 'application/json')).status, 200)
  assert.partialDeepStrictEqual(await ended(training, id), {
    kind: 'Failure',
    message: 'there is no s3://bucket/none.csv',
  })
  assert.deepEqual(asked, ['s3://bucket/train.csv', 's3://bucket/none.csv'])
  assert.deepEqual((await get(`training_data?modelVersionId=${id}`)).json, ['s3://bucket/train.csv'])
})

test('a sender that leaves in the middle has failed', async t => {
  const { training, id, port } = await bed(t)
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(
    `POST /monitoring/profiles/batch/${id} HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nx\n1\n`,
  )
  await begun(training, id)
  socket.destroy()
  assert.partialDeepStrictEqual(await ended(training, id), {
    kind: 'Failure',
    message: 'the client has left before all of it had come',
  })
})

test('a stop ends what is under way as interrupted, silent senders too', async t => {
  const { store, training, profiles, id, port } = await bed(t)
  const request = httpRequest({ port, path: `/monitoring/profiles/batch/${id}`, method: 'POST' })
  const answered = once(request, 'response')
  request.write('x\n1\n')
  await begun(training, id)
  await training.close()
  const [response] = (await answered) as [{ statusCode: number }]
  assert.equal(response.statusCode, 503)
  request.destroy()
  const latest = await store.trainingUploads.latest(id)
  assert.match(latest!.message!, /interrupted by a stop/)
  // As a kill leaves it behind.
  await store.trainingUploads.begin(id, undefined)
  const next = await createTrainingData({ store, profiles, log: QUIET })
  const status = await next.status(id)
  assert.ok(status.kind === 'Failure')
  assert.match(status.message!, /interrupted by a stop of the platform; hand the training data in again/)
  await next.upload(
    id,
    (async function* () {
      yield Buffer.from('x\n1\n')
    })(),
    new AbortController().signal,
  )
  assert.equal((await ended(next, id)).kind, 'Success')
  await next.close()
})

test('what takes too long fails, and more than can wait is refused', async t => {
  const { promise: never } = Promise.withResolvers<void>()
  const { store, training, id, post } = await bed(t, {
    limits: { processingMsMax: 200, waitingMax: 1 },
    async *fetchObject() {
      yield Buffer.from('x\n')
      await never
    },
  })
  const other = await store.modelVersions.createExternal({ modelName: 'm', signature: SIGNATURE })
  const third = await store.modelVersions.createExternal({ modelName: 'm', signature: SIGNATURE })
  await training.uploadFrom(id, 's3://b/k')
  await training.uploadFrom(other.id, 's3://b/k')
  const refused = await post(String(third.id), 'x\n1\n')
  assert.equal(refused.status, 429)
  assert.match(JSON.stringify(refused.json), /training data of 1 uploads waits/)
  assert.partialDeepStrictEqual(await ended(training, id), {
    kind: 'Failure',
    message: 'it took more than 200 ms, which is the limit',
  })
})

test('a version without profiled fields takes training data, and says that it has nothing to profile', async t => {
  const { store, training, post, get } = await bed(t)
  const fields = ['IMAGE', 'CATEGORICAL', 'NONE', 'NOMINAL'].map(profile => ({
    name: profile.toLowerCase(),
    dtype: 'DT_STRING',
    shape: null,
    profile,
  }))
  const signature = { signatureName: 'f', inputs: fields, outputs: fields }
  const { id } = await store.modelVersions.createExternal({ modelName: 'tagged', signature })
  assert.equal((await post(String(id), 'image,categorical\na,b\n')).status, 200)
  assert.partialDeepStrictEqual(await ended(training, id), {
    kind: 'Success',
    message: 'no field of the version is tagged numerical or text, so there is nothing to profile',
  })
  assert.deepEqual((await get(`fields/${id}`)).json, [])
})
