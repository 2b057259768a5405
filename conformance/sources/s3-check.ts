import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { MODEL, SETTINGS, serveFrom, startProgram } from './served.ts'

const { MOTO_SERVER: program, MOTO_SKIPPED: reason } = process.env
const skip = program ? false : reason || 'run conformance/sources/run.sh'

// The library reads credentials by itself, and this store takes any.
Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key' })

/** This store does not look closer. */
const SIGNED = {
  authorization:
    'AWS4-HMAC-SHA256 Credential=id/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0',
}

async function store(t: TestContext) {
  const endpoint = await startProgram(
    t,
    program!,
    ['-H', '127.0.0.1', '-p', '0'],
    {},
    /(http:\/\/127\.0\.0\.1:\d+)/,
  )
  const put = async (path: string, body: string) => {
    const response = await fetch(`${endpoint}/${path}`, { method: 'PUT', body, headers: SIGNED })
    assert.ok(response.ok, `${path}: ${response.status} ${await response.text()}`)
  }
  await put('models', '')
  return { endpoint, put, environment: { AWS_ENDPOINT_URL: endpoint } }
}

void test('a repository in a bucket, and what has changed in it', { skip }, async t => {
  const { put, environment } = await store(t)
  for (const name of ['a', 'b']) {
    await put(`models/team/${name}/model-settings.json`, SETTINGS)
    await put(`models/team/${name}/model.mjs`, MODEL)
    await put(`models/team/${name}/weights.txt`, `${name} 1`)
  }
  await put('models/team-2/weights.txt', 'not this')
  const { ask, load } = await serveFrom(t, 's3://models/team', environment)
  assert.deepEqual([await ask('a'), await ask('b')], ['a 1', 'b 1'])
  await put('models/team/a/weights.txt', 'a 2')
  assert.equal(await load('a'), 200)
  assert.deepEqual([await ask('a'), await ask('b')], ['a 2', 'b 1'])
})

void test('more objects than one page lists, some large, and a model elsewhere', { skip }, async t => {
  const { put, environment } = await store(t)
  const large = 'weights '.repeat(1024 * 1024)
  await put('models/elsewhere/weights.txt', large)
  await put(
    'models/m/model-settings.json',
    JSON.stringify({ ...JSON.parse(SETTINGS), parameters: { uri: 's3://models/elsewhere/weights.txt' } }),
  )
  await put('models/m/model.mjs', MODEL)
  const names = Array.from({ length: 1100 }, (_, index) => `models/m/more/${index}`)
  for (let start = 0; start < names.length; start += 50) {
    await Promise.all(names.slice(start, start + 50).map(name => put(name, name)))
  }
  const { ask } = await serveFrom(t, 's3://models/m', environment)
  assert.ok((await ask('content')) === large)
})

void test('a bucket that is not there', { skip }, async t => {
  const { environment } = await store(t)
  await assert.rejects(
    serveFrom(t, 's3://nowhere/m', environment),
    /s3:\/\/nowhere\/m cannot be read: NoSuchBucket/,
  )
})
