import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import type { HttpResponse, HttpRoute } from './http-types.ts'
import { bytes, errorOf, exchangeRaw, openRaw, request, startListener, text } from './listener-fixture.ts'

function at(path: string, handle: HttpRoute['handle']): HttpRoute {
  return { method: 'GET', path, handle }
}

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`
}

test('pieces are written one after the other under one length', async t => {
  const pieces = [bytes('one,'), bytes(''), bytes('two,'), new Uint8Array(3_000_000).fill(120)]
  const { url, nextObservation } = await startListener(t, [at('/', () => ({ status: 201, body: pieces }))], {
    isCompressionEnabled: false,
  })
  const { status, headers, text: body } = await request(url)
  assert.equal(status, 201)
  assert.equal(headers.get('content-length'), String(3_000_008))
  assert.equal(body, `one,two,${'x'.repeat(3_000_000)}`)
  const { method, route, path, status: observed, durationMs } = await nextObservation()
  assert.deepEqual({ method, route, path, observed }, { method: 'GET', route: '/', path: '/', observed: 201 })
  assert.ok(durationMs >= 0)
})

/** Every value of a byte, again and again. */
function every(sizeBytes: number): Uint8Array {
  return new Uint8Array(sizeBytes).map((_, index) => index)
}

test('bytes of every value arrive as they are, on both sides of the size that is joined to the headers', async t => {
  const sizes = [1, 256, 4095, 4096, 4097, 8192]
  const { url } = await startListener(
    t,
    sizes.map(sizeBytes => at(`/${sizeBytes}`, () => ({ status: 200, body: every(sizeBytes) }))),
    { isCompressionEnabled: false },
  )
  for (const sizeBytes of sizes) {
    const response = await fetch(`${url}/${sizeBytes}`)
    assert.equal(response.headers.get('content-length'), String(sizeBytes))
    assert.deepEqual(new Uint8Array(await response.arrayBuffer()), every(sizeBytes))
  }
})

test('no body, an empty list and an empty piece are all of length 0', async t => {
  const { url } = await startListener(t, [
    at('/none', () => ({ status: 200 })),
    at('/list', () => ({ status: 200, body: [] })),
    at('/empty', () => ({ status: 200, body: bytes('') })),
  ])
  for (const path of ['/none', '/list', '/empty']) {
    const { headers, text: body } = await request(url + path)
    assert.deepEqual([headers.get('content-length'), body], ['0', ''])
  }
})

test('204 has neither a body nor a length', async t => {
  const { port } = await startListener(t, [at('/', () => ({ status: 204, body: bytes('no') }))])
  const answer = await exchangeRaw(t, port, get('/'))
  assert.match(answer, /^HTTP\/1\.1 204 .*\r\n\r\n$/s)
  assert.doesNotMatch(answer, /content-length|transfer-encoding/i)
})

test('whatever a handler throws goes through the protocol’s error form', async t => {
  const { url } = await startListener(t, [
    at('/sync', () => {
      throw new ServingError('NOT_FOUND', 'model m does not exist')
    }),
    at('/async', () => Promise.reject(new Error('secret'))),
    at('/later', () => Promise.reject(new ServingError('UNAVAILABLE', 'loading', { retryAfterMs: 2500 }))),
  ])
  const sync = await request(`${url}/sync`)
  assert.deepEqual([sync.status, errorOf(sync.text).error], [404, 'model m does not exist'])
  const async_ = await request(`${url}/async`)
  assert.deepEqual([async_.status, errorOf(async_.text).error], [500, 'internal error'])
  const later = await request(`${url}/later`)
  assert.deepEqual([later.status, later.headers.get('retry-after')], [503, '3'])
})

test('a response that is not valid becomes an error, and the connection lives on', async t => {
  const broken: readonly unknown[] = [
    { status: 200, headers: { 'x-a': 'line\nbreak' } },
    { status: 200, headers: { 'bad name': 'x' } },
    { status: 99 },
    undefined,
    'text',
  ]
  const { port, nextObservation } = await startListener(
    t,
    broken.map((response, index) =>
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a handler in JavaScript may return anything
      at(`/${index}`, async () => response as HttpResponse),
    ),
  )
  const client = openRaw(t, port)
  for (const index of broken.keys()) {
    client.received = ''
    client.send(`GET /${index} HTTP/1.1\r\nHost: a\r\n\r\n`)
    assert.match(await client.until(/\}$/), /^HTTP\/1\.1 500 .*INTERNAL/s)
    assert.equal((await nextObservation()).status, 500)
  }
})

test('an error form that is not valid itself breaks the connection off, and no more', async t => {
  const { url, nextObservation } = await startListener(
    t,
    [at('/ok', () => text(200, 'ok')), at('/bad', () => Promise.reject(new Error('x')))],
    { toErrorResponse: () => ({ status: 500, headers: { 'bad name': 'x' } }) },
  )
  await assert.rejects(fetch(`${url}/bad`))
  await nextObservation()
  assert.equal((await request(`${url}/ok`)).text, 'ok')
})

test('a client that does not read its response is cut off', async t => {
  const route = at('/', () => ({ status: 200, body: new Uint8Array(64_000_000) }))
  const { port, nextObservation } = await startListener(t, [route], {
    limits: { requestTimeoutMs: 30 },
    isCompressionEnabled: false,
  })
  const client = openRaw(t, port)
  client.socket.pause()
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.equal((await nextObservation()).status, 200)
  client.socket.resume()
  await client.closed
  assert.ok(client.socket.bytesRead < 64_000_000)
})
