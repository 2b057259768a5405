import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import * as grpc from '@grpc/grpc-js'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { createAuthority } from './certificates.ts'
import { modelFiles, startTestServer, type TestServer } from './test-server.ts'

const INFER_KEY = 'a-key-that-may-infer'
const ADMIN_KEY = 'a-key-that-may-do-all'
const BARE_KEY = 'a-key-that-may-nothing'
const KEYS = {
  keys: [
    { name: 'infer', key: INFER_KEY },
    { name: 'admin', key_sha256: hash('sha256', ADMIN_KEY), scopes: ['infer', 'admin'] },
    { name: 'bare', key: BARE_KEY, scopes: [] },
  ],
}

/** Says which headers it sees. */
const HEADERS_MODEL = `export class TestModel {
  predict(request, context) {
    const names = Object.keys(context.headers).join()
    return { outputs: [{ name: 'said', datatype: 'BYTES', shape: [1], data: [names] }] }
  }
}`

async function testFolder(t: TestContext, files: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-access-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return (name: string) => join(folder, name)
}

async function start(t: TestContext, settings: Readonly<Record<string, unknown>>): Promise<TestServer> {
  const tested = await startTestServer(t, modelFiles('headers', HEADERS_MODEL), settings)
  assert.deepEqual(await tested.server.started, [])
  return tested
}

function restOf({ server }: TestServer) {
  return (path: string, init?: RequestInit) =>
    fetch(`http://127.0.0.1:${server.rest.port}${path}`, { signal: AbortSignal.timeout(20_000), ...init })
}

const infer = (headers: Readonly<Record<string, string>> = {}): RequestInit => ({
  method: 'POST',
  body: '{"inputs":[]}',
  headers,
})
const INFER = '/v2/models/headers/infer'
const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` })

function same(bytes: Buffer): Buffer {
  return bytes
}

/** Calls methods with an empty message, which all that are called here can read. */
function grpcOf(t: TestContext, { server }: TestServer, credentials = grpc.credentials.createInsecure()) {
  const client = new grpc.Client(`127.0.0.1:${server.grpc.port}`, credentials, {
    'grpc.use_local_subchannel_pool': 1,
  })
  t.after(() => client.close())
  return (path: string, headers: Readonly<Record<string, string>> = {}) => {
    const metadata = new grpc.Metadata()
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value)
    const { promise, resolve } = Promise.withResolvers<grpc.StatusObject>()
    const options = { deadline: Date.now() + 20_000 }
    const call = client.makeUnaryRequest(path, same, same, Buffer.alloc(0), metadata, options, () => {})
    call.on('status', resolve)
    return promise
  }
}

const LIVE = '/inference.GRPCInferenceService/ServerLive'
const METADATA = '/inference.GRPCInferenceService/ServerMetadata'
const INDEX = '/inference.GRPCInferenceService/RepositoryIndex'

async function logged({ log }: TestServer, message: RegExp): Promise<void> {
  while (!log.some(line => message.test(String(line['message'])))) {
    await new Promise(resolve => setImmediate(resolve))
  }
}

suite('API keys', () => {
  test('over REST', async t => {
    const file = await testFolder(t, { 'keys.json': JSON.stringify(KEYS) })
    const rest = restOf(await start(t, { security: { api_keys_file: file('keys.json') } }))

    const missing = await rest(INFER, infer())
    assert.equal(missing.status, 401)
    assert.equal(missing.headers.get('www-authenticate'), 'Bearer')
    assert.match(
      ((await missing.json()) as { error: string }).error,
      /^credentials are missing; allowed: an API key/,
    )

    const wrong: Readonly<Record<string, string>>[] = [
      bearer('a-key-that-may-infe'),
      { 'x-api-key': 'no such key' },
      { 'x-api-key': '' },
      { authorization: `Basic ${INFER_KEY}` },
      { authorization: INFER_KEY },
      bearer('x'.repeat(9000)),
      { 'x-api-key': 'wrong', ...bearer(INFER_KEY) },
    ]
    for (const headers of wrong) {
      const { status, headers: answered } = await rest(INFER, infer(headers))
      assert.equal(status, 401, JSON.stringify(headers).slice(0, 80))
      assert.match(answered.get('www-authenticate') ?? '', /^Bearer/)
    }

    for (const headers of [
      bearer(INFER_KEY),
      { authorization: `bearer  ${INFER_KEY}` },
      { 'x-api-key': INFER_KEY },
    ]) {
      const answer = await rest(INFER, infer({ ...headers, 'x-own': '1' }))
      assert.equal(answer.status, 200)
      const { outputs } = (await answer.json()) as { outputs: { data: string[] }[] }
      const seen = outputs[0]?.data[0] ?? ''
      assert.match(seen, /x-own/)
      assert.doesNotMatch(seen, /authorization|x-api-key/)
    }
  })

  test('scopes, probes and metrics', async t => {
    const file = await testFolder(t, { 'keys.json': JSON.stringify(KEYS) })
    const tested = await start(t, { security: { api_keys_file: file('keys.json') } })
    const rest = restOf(tested)
    const cases: [path: string, method: string, none: number, bare: number, infer: number, admin: number][] =
      [
        ['/v2/health/live', 'GET', 200, 200, 200, 200],
        ['/v2/health/ready', 'HEAD', 200, 200, 200, 200],
        ['/v2', 'GET', 401, 403, 200, 200],
        ['/v2/models/headers', 'GET', 401, 403, 200, 200],
        ['/v2/models/headers/ready', 'GET', 401, 403, 200, 200],
        ['/v2/repository/index', 'POST', 401, 403, 403, 200],
        ['/v2/repository/models/headers/load', 'POST', 401, 403, 403, 200],
        ['/v2/repository/models/headers/unload/', 'POST', 401, 403, 403, 200],
        ['//v2/repository/index', 'POST', 404, 404, 404, 404],
      ]
    for (const [path, method, ...statuses] of cases) {
      const seen: number[] = []
      for (const key of ['', BARE_KEY, INFER_KEY, ADMIN_KEY]) {
        const { status } = await rest(path, { method, ...(key === '' ? {} : { headers: bearer(key) }) })
        seen.push(status)
      }
      assert.deepEqual(seen, statuses, path)
    }
    const refused = await rest('/v2/repository/index', { method: 'POST', headers: bearer(INFER_KEY) })
    assert.equal(refused.headers.get('www-authenticate'), 'Bearer error="insufficient_scope", scope="admin"')

    const metrics = `http://127.0.0.1:${tested.server.metrics?.port}/metrics`
    assert.equal((await fetch(metrics)).status, 401)
    assert.equal((await fetch(metrics, { headers: bearer(BARE_KEY) })).status, 200)
  })

  test('over gRPC', async t => {
    const file = await testFolder(t, { 'keys.json': JSON.stringify(KEYS) })
    const tested = await start(t, {
      security: { api_keys_file: file('keys.json') },
      metrics_security: { api_keys_file: null },
    })
    const call = grpcOf(t, tested)
    const { OK, UNAUTHENTICATED, PERMISSION_DENIED } = grpc.status
    const cases: [path: string, none: number, infer: number, admin: number][] = [
      [LIVE, OK, OK, OK],
      ['/grpc.health.v1.Health/Check', OK, OK, OK],
      [METADATA, UNAUTHENTICATED, OK, OK],
      [INDEX, UNAUTHENTICATED, PERMISSION_DENIED, OK],
      [
        '/inference.model_repository.ModelRepositoryService/RepositoryIndex',
        UNAUTHENTICATED,
        PERMISSION_DENIED,
        OK,
      ],
    ]
    for (const [path, ...codes] of cases) {
      const seen = [(await call(path)).code]
      seen.push(
        (await call(path, bearer(INFER_KEY))).code,
        (await call(path, { 'x-api-key': ADMIN_KEY })).code,
      )
      assert.deepEqual(seen, codes, path)
    }
    assert.equal((await fetch(`http://127.0.0.1:${tested.server.metrics?.port}/metrics`)).status, 200)
  })

  test('are read again when the file changes; a broken file keeps the old', async t => {
    const file = await testFolder(t, { 'keys.json': JSON.stringify(KEYS) })
    const tested = await start(t, { rest_security: { api_keys_file: file('keys.json') } })
    const rest = restOf(tested)
    const statusOf = async (key: string) => (await rest('/v2', { headers: bearer(key) })).status
    assert.equal(await statusOf(INFER_KEY), 200)

    await writeFile(file('keys.json'), '{"keys": [')
    await logged(tested, /the changed list of API keys cannot be used/)
    assert.equal(await statusOf(INFER_KEY), 200)

    const later = 'a-key-that-came-later'
    await writeFile(file('keys.json'), JSON.stringify({ keys: [{ name: 'later', key: later }] }))
    await logged(tested, /the list of API keys has changed and is in use/)
    assert.deepEqual([await statusOf(INFER_KEY), await statusOf(later)], [401, 200])
  })
})

test('tokens, on both doors, beside API keys', async t => {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'one' }] }
  const file = await testFolder(t, { 'jwks.json': JSON.stringify(jwks), 'keys.json': JSON.stringify(KEYS) })
  const tested = await start(t, {
    security: {
      api_keys_file: file('keys.json'),
      jwt: { issuer: 'issuer', audience: 'millrace', jwks_file: file('jwks.json') },
    },
  })
  const rest = restOf(tested)
  const call = grpcOf(t, tested)
  const token = (scope: string, expires: string) =>
    new SignJWT({ scope })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .setIssuer('issuer')
      .setAudience('millrace')
      .setSubject('alice')
      .setExpirationTime(expires)
      .sign(privateKey)

  const good = bearer(await token('infer', '1h'))
  const answer = await rest(INFER, infer(good))
  assert.equal(answer.status, 200)
  assert.doesNotMatch(await answer.text(), /authorization/)
  assert.equal((await rest('/v2/repository/index', { method: 'POST', headers: good })).status, 403)
  assert.equal((await call(METADATA, good)).code, grpc.status.OK)
  assert.equal((await call(INDEX, good)).code, grpc.status.PERMISSION_DENIED)
  assert.equal((await call(INDEX, bearer(await token('admin', '1h')))).code, grpc.status.OK)

  const late = bearer(await token('infer', '-1m'))
  const refused = await rest(INFER, infer(late))
  assert.equal(refused.status, 401)
  assert.equal(refused.headers.get('www-authenticate'), 'Bearer error="invalid_token"')
  assert.match(await refused.text(), /the token is not accepted: it has expired/)
  const { code, details } = await call(METADATA, late)
  assert.deepEqual(
    [code, details],
    [grpc.status.UNAUTHENTICATED, 'the token is not accepted: it has expired'],
  )
  assert.equal((await rest(INFER, infer(bearer(INFER_KEY)))).status, 200)
})

test('rate limits: per caller and listener, with a hint, and probes are free', async t => {
  const file = await testFolder(t, { 'keys.json': JSON.stringify(KEYS) })
  const limit = { requests_per_second: 0.01, burst: 2 }
  const tested = await start(t, {
    rest_security: { api_keys_file: file('keys.json'), rate_limit: limit },
    grpc_security: { rate_limit: limit },
  })
  const rest = restOf(tested)
  const statuses: number[] = []
  for (let count = 0; count < 3; count++)
    statuses.push((await rest('/v2', { headers: bearer(INFER_KEY) })).status)
  assert.deepEqual(statuses, [200, 200, 429])
  const refused = await rest('/v2', { headers: bearer(INFER_KEY) })
  assert.ok(Number(refused.headers.get('retry-after')) >= 90)
  assert.equal((await rest('/v2', { headers: bearer(ADMIN_KEY) })).status, 200)
  assert.equal((await rest('/v2/health/live')).status, 200)

  const call = grpcOf(t, tested)
  const codes = []
  for (let count = 0; count < 3; count++) codes.push((await call(METADATA)).code)
  assert.deepEqual(codes, [grpc.status.OK, grpc.status.OK, grpc.status.RESOURCE_EXHAUSTED])
  const { metadata } = await call(METADATA)
  assert.ok(Number(metadata.get('grpc-retry-pushback-ms')[0]) > 90_000)
  assert.equal((await call(LIVE)).code, grpc.status.OK)
})

suite('TLS', () => {
  const authority = createAuthority()

  async function certificateOf(port: number): Promise<string | undefined> {
    const socket: TLSSocket = connect({
      host: '127.0.0.1',
      port,
      ca: authority.certificate,
      ALPNProtocols: ['h2', 'http/1.1'],
    })
    await once(socket, 'secureConnect')
    const subject = socket.getPeerX509Certificate()?.subject
    socket.destroy()
    return subject
  }

  function status(port: number, path: string, own: { cert?: string; key?: string } = {}): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const options = { host: '127.0.0.1', port, path, ca: authority.certificate, agent: false, ...own }
    const request = httpsRequest(options, response => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    request.on('error', reject)
    request.end()
    return promise
  }

  test('on every listener; new certificates are taken up, and broken ones are not', async t => {
    const first = authority.issue('first')
    const file = await testFolder(t, { 'tls.crt': first.certificate, 'tls.key': first.key })
    const tested = await start(t, {
      security: { tls: { certificate_file: file('tls.crt'), key_file: file('tls.key') } },
    })
    const { rest, grpc: grpcAddress, metrics } = tested.server
    assert.equal(rest.isSecure && grpcAddress.isSecure && metrics?.isSecure, true)
    assert.equal(await status(rest.port, '/v2/models/headers'), 200)
    assert.equal(await status(metrics?.port ?? 0, '/metrics'), 200)
    const credentials = grpc.credentials.createSsl(Buffer.from(authority.certificate))
    assert.equal((await grpcOf(t, tested, credentials)(METADATA)).code, grpc.status.OK)

    const second = authority.issue('second')
    await writeFile(file('tls.crt'), second.certificate)
    await logged(tested, /the changed certificate cannot be used; the one before stays in use/)
    assert.equal(await certificateOf(rest.port), 'CN=first')
    await writeFile(file('tls.key'), second.key)
    await logged(tested, /the certificate has changed and is in use/)
    for (const port of [rest.port, grpcAddress.port, metrics?.port ?? 0]) {
      assert.equal(await certificateOf(port), 'CN=second')
    }
  })

  test('with client certificates', async t => {
    const own = authority.issue('server')
    const file = await testFolder(t, {
      'tls.crt': own.certificate,
      'tls.key': own.key,
      'ca.crt': authority.certificate,
    })
    const tls = { certificate_file: file('tls.crt'), key_file: file('tls.key') }
    const tested = await start(t, {
      security: { tls: { ...tls, client_ca_file: file('ca.crt') } },
      metrics_security: { tls: null },
    })
    const { rest, metrics } = tested.server
    const client = authority.issue('client', { isForClients: true })
    await assert.rejects(status(rest.port, '/v2'))
    assert.equal(await status(rest.port, '/v2', { cert: client.certificate, key: client.key }), 200)
    assert.equal((await fetch(`http://127.0.0.1:${metrics?.port}/metrics`)).status, 200)
    const ca = Buffer.from(authority.certificate)
    const known = grpc.credentials.createSsl(ca, Buffer.from(client.key), Buffer.from(client.certificate))
    assert.equal((await grpcOf(t, tested, known)(METADATA)).code, grpc.status.OK)
    assert.equal(
      (await grpcOf(t, tested, grpc.credentials.createSsl(ca))(METADATA)).code,
      grpc.status.UNAVAILABLE,
    )
  })

  test('mistakes fail the start with the name of the setting', async t => {
    const { certificate, key } = authority.issue('server')
    const file = await testFolder(t, {
      'tls.crt': certificate,
      'tls.key': key,
      'other.key': createAuthority().key,
      'nothing.pem': 'nothing',
    })
    const good = { certificate_file: file('tls.crt'), key_file: file('tls.key') }
    const cases: [settings: object, message: RegExp][] = [
      [
        { security: { tls: { ...good, certificate_file: file('none.crt') } } },
        /^security\.tls\.certificate_file is ".*none\.crt": there is no such file; allowed is the path of a file$/,
      ],
      [
        { rest_security: { tls: { ...good, key_file: file('other.key') } } },
        /^rest_security\.tls\.key_file cannot be used with rest_security\.tls\.certificate_file/,
      ],
      [
        { grpc_security: { tls: { ...good, certificate_file: file('nothing.pem') } } },
        /^grpc_security\.tls\.certificate_file holds no certificate; allowed is a PEM file/,
      ],
      [
        { security: { tls: { ...good, client_ca_file: file('nothing.pem') } } },
        /^security\.tls\.client_ca_file holds no certificate/,
      ],
      [
        { metrics_security: { api_keys_file: file('none.json') } },
        /^metrics_security\.api_keys_file is ".*none\.json"/,
      ],
      [
        { security: { api_keys_file: file('nothing.pem') } },
        /^security\.api_keys_file: .*nothing\.pem, line 1/,
      ],
    ]
    for (const [settings, message] of cases) {
      await assert.rejects(startTestServer(t, {}, { ...settings }), { code: 'INVALID_ARGUMENT', message })
    }
  })
})

test('pages of other origins: preflight, answers, refusals and streams', async t => {
  const file = await testFolder(t, { 'keys.json': JSON.stringify(KEYS) })
  const tested = await start(t, {
    cors_settings: { allow_origins: ['https://page.example'], allow_headers: ['authorization'] },
    rest_security: { api_keys_file: file('keys.json') },
  })
  const rest = restOf(tested)
  const origin = { origin: 'https://page.example' }
  const preflight = await rest(INFER, {
    method: 'OPTIONS',
    headers: {
      ...origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  })
  assert.equal(preflight.status, 200)
  assert.match(preflight.headers.get('access-control-allow-methods') ?? '', /POST/)
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /authorization/)

  const cases: [path: string, headers: Readonly<Record<string, string>>, status: number][] = [
    [INFER, bearer(INFER_KEY), 200],
    [INFER, {}, 401],
    ['/v2/models/headers/infer_stream', bearer(INFER_KEY), 501],
    ['/v2/models/none/infer', bearer(INFER_KEY), 404],
  ]
  for (const [path, headers, expected] of cases) {
    const answer = await rest(path, infer({ ...origin, ...headers }))
    assert.equal(answer.headers.get('access-control-allow-origin'), origin.origin, path)
    if (path !== '/v2/models/headers/infer_stream') assert.equal(answer.status, expected, path)
  }
})
