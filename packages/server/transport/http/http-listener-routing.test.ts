import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HttpRoute } from './http-types.ts'
import { bytes, errorOf, exchangeRaw, openRaw, request, startListener, text } from './listener-fixture.ts'

const routes: readonly HttpRoute[] = [
  { method: 'GET', path: '/v2', handle: () => text(200, 'server') },
  {
    method: 'GET',
    path: '/v2/models/:model',
    handle: ({ method, path, params, query, headers }) => ({
      status: 200,
      body: bytes(JSON.stringify({ method, path, params, query: [...query], agent: headers['user-agent'] })),
    }),
  },
  {
    method: 'POST',
    path: '/v2/models/:model/infer',
    handle: ({ params }) => text(200, params['model'] ?? ''),
  },
]

test('a handler sees path, decoded parameters, query and joined headers', async t => {
  const { port } = await startListener(t, routes)
  const answer = await exchangeRaw(
    t,
    port,
    'GET /v2/models/my%20model%2F1?b=x%20y&b=2 HTTP/1.1\r\nHost: a\r\nUser-Agent: one\r\nUSER-AGENT: two\r\nConnection: close\r\n\r\n',
  )
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/)
  assert.deepEqual(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))), {
    method: 'GET',
    path: '/v2/models/my%20model%2F1',
    params: { model: 'my model/1' },
    query: [
      ['b', 'x y'],
      ['b', '2'],
    ],
    agent: 'one, two',
  })
})

test('a trailing slash and an absolute target make no difference', async t => {
  const { port, url } = await startListener(t, routes)
  assert.equal((await request(`${url}/v2/`)).text, 'server')
  const answer = await exchangeRaw(
    t,
    port,
    'GET http://a/v2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  )
  assert.match(answer, /\r\n\r\nserver$/)
})

test('an unknown path is NOT_FOUND and named, in the protocol’s error form', async t => {
  const { url, nextObservation, started } = await startListener(t, routes)
  const { status, headers, text: body } = await request(`${url}/v3?x=1`, { method: 'DELETE' })
  assert.equal(status, 404)
  assert.equal(headers.get('content-type'), 'application/json')
  assert.deepEqual(JSON.parse(body), { code: 'NOT_FOUND', error: 'DELETE /v3 does not exist' })
  const { method, route, path, status: observed } = await nextObservation()
  assert.deepEqual(
    { method, route, path, observed },
    { method: 'DELETE', route: undefined, path: '/v3', observed: 404 },
  )
  assert.deepEqual(started, ['DELETE'])
})

test('the wrong verb is 405 with Allow', async t => {
  const { url } = await startListener(t, routes)
  const post = await request(`${url}/v2`, { method: 'POST', body: '{}' })
  assert.equal(post.status, 405)
  assert.equal(post.headers.get('allow'), 'GET, HEAD')
  assert.equal(errorOf(post.text).code, 'UNIMPLEMENTED')
  const head = await request(`${url}/v2/models/m/infer`, { method: 'HEAD' })
  assert.equal(head.status, 405)
  assert.equal(head.headers.get('allow'), 'POST')
})

test('HEAD answers as GET does, without the body', async t => {
  const { port, nextObservation } = await startListener(t, routes)
  const answer = await exchangeRaw(t, port, 'HEAD /v2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/)
  assert.match(answer, /\r\nContent-Length: 6\r\n/)
  assert.match(answer, /\r\n\r\n$/)
  assert.equal((await nextObservation()).method, 'HEAD')
})

test('a malformed percent escape is 400', async t => {
  const { url } = await startListener(t, routes)
  const { status, text: body } = await request(`${url}/v2/models/%E0%A4`)
  assert.equal(status, 400)
  assert.match(errorOf(body).error, /%E0%A4/)
})

test('HTTP/1.1 needs a Host, HTTP/1.0 does not', async t => {
  const { port } = await startListener(t, routes)
  const without = await exchangeRaw(t, port, 'GET /v2 HTTP/1.1\r\nConnection: close\r\n\r\n')
  assert.match(without, /^HTTP\/1\.1 400 .*INVALID_ARGUMENT.*Host/s)
  const old = await exchangeRaw(t, port, 'GET /v2 HTTP/1.0\r\n\r\n')
  assert.match(old, /^HTTP\/1\.1 200 .*server$/s)
})

test('an expectation other than 100-continue is 417', async t => {
  const { port } = await startListener(t, routes)
  const answer = await exchangeRaw(
    t,
    port,
    'GET /v2 HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nConnection: close\r\n\r\n',
  )
  assert.match(answer, /^HTTP\/1\.1 417 .*tea/s)
})

test('an upgrade that is not offered is ignored', async t => {
  const { port } = await startListener(t, routes)
  const head =
    'GET /v2 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n'
  await openRaw(t, port)
    .send(head)
    .until(/^HTTP\/1\.1 200 .*server$/s)
})

test('CONNECT and a bare asterisk have answers too', async t => {
  const { port, nextObservation } = await startListener(t, routes)
  const connect = await exchangeRaw(t, port, 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.match(connect, /^HTTP\/1\.1 501 .*UNIMPLEMENTED/s)
  assert.equal((await nextObservation()).status, 501)
  const options = await exchangeRaw(t, port, 'OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  assert.match(options, /^HTTP\/1\.1 404 /)
})

const SLOW = 'GET /slow HTTP/1.1\r\nHost: a\r\n\r\n'
const FAST = 'GET /fast HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

test('requests sent in one go are answered in their order', async t => {
  const first = Promise.withResolvers<void>()
  const { port } = await startListener(t, [
    {
      method: 'GET',
      path: '/slow',
      async handle() {
        await first.promise
        return text(200, 'first')
      },
    },
    {
      method: 'GET',
      path: '/fast',
      handle() {
        first.resolve()
        return text(200, 'second')
      },
    },
  ])
  const answer = await exchangeRaw(t, port, `${SLOW}${FAST}`)
  assert.match(answer, /\r\n\r\nfirstHTTP\/1\.1 200 .*\r\n\r\nsecond$/s)
})
