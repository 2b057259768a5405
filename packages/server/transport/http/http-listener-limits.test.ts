import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { HttpRoute } from './http-types.ts'
import { errorOf, exchangeRaw, openRaw, request, startListener, text } from './listener-fixture.ts'

const size: HttpRoute = {
  method: 'POST',
  path: '/size',
  handle: async incoming => text(200, String((await incoming.body()).byteLength)),
}

const HOST = 'Host: a\r\n'

/** A route whose handlers wait until they are let go, and say when they have begun. */
function gatedRoute(path: string): { route: HttpRoute; begun: Promise<void>; open: () => void } {
  const begun = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const handle: HttpRoute['handle'] = async incoming => {
    await incoming.body()
    begun.resolve()
    await gate.promise
    return text(200, 'done')
  }
  return { route: { method: 'POST', path, handle }, begun: begun.promise, open: gate.resolve }
}

test('a body of the limit passes, one byte more is 413', async t => {
  const { url } = await startListener(t, [size], { limits: { maxBodyBytes: 1000 } })
  assert.equal((await request(`${url}/size`, { method: 'POST', body: new Uint8Array(1000) })).text, '1000')
  const { status, text: body } = await request(`${url}/size`, { method: 'POST', body: new Uint8Array(1001) })
  assert.equal(status, 413)
  assert.deepEqual(errorOf(body), {
    code: 'RESOURCE_EXHAUSTED',
    error: 'request body is larger than 1000 bytes',
  })
})

test('a body announced as too large is refused before it is sent, and the connection ends', async t => {
  let isHandled = false
  const handle = (): never => {
    isHandled = true
    throw new Error('not reached')
  }
  const { port } = await startListener(t, [{ method: 'POST', path: '/size', handle }])
  const client = openRaw(t, port).send(`POST /size HTTP/1.1\r\n${HOST}Content-Length: 1000001\r\n\r\n`)
  assert.match(await client.until(/1000000 bytes"\}$/), /^HTTP\/1\.1 413 .*Connection: close/s)
  client.socket.end()
  await client.closed
  assert.equal(isHandled, false)
})

test('a client that sends all of a body that is too large can read why, and is not listened to for ever', async t => {
  const { port } = await startListener(t, [size])
  const client = openRaw(t, port).send(`POST /size HTTP/1.1\r\n${HOST}Content-Length: 1000000000000\r\n\r\n`)
  const megabyte = new Uint8Array(1_000_000)
  const sendMore = (): void => {
    if (!client.socket.destroyed) client.socket.write(megabyte, sendMore)
  }
  sendMore()
  assert.match(await client.untilClosed(), /^HTTP\/1\.1 413 .*1000000 bytes"\}$/s)
})

test('a client that waits for 100 Continue is refused without it', async t => {
  const { port } = await startListener(t, [size], { limits: { maxBodyBytes: 10 } })
  const client = openRaw(t, port)
  client.send(`POST /size HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 11\r\n\r\n`)
  assert.match(await client.until(/\}$/), /^HTTP\/1\.1 413 /)
  client.socket.end()
  await client.closed
})

test('a client that waits for 100 Continue is not told to when there is no room for its body', async t => {
  const { port } = await startListener(t, [size], { limits: { maxInFlightBytes: 10 } })
  const client = openRaw(t, port)
  client.send(`POST /size HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 11\r\n\r\n`)
  assert.match(await client.until(/\}$/), /^HTTP\/1\.1 503 .*Connection: close/s)
  client.socket.end()
  await client.closed
})

test('a chunked body over the limit is 413', async t => {
  const { port } = await startListener(t, [size], { limits: { maxBodyBytes: 10 } })
  const client = openRaw(t, port)
  client.send(`POST /size HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`)
  client.send('6\r\nabcdef\r\n').send('6\r\nabcdef\r\n')
  assert.match(await client.until(/\}$/), /^HTTP\/1\.1 413 .*Connection: close/s)
  client.socket.end()
  await client.closed
})

test('a body that grows beyond the limit when decompressed is 413', async t => {
  const { url } = await startListener(t, [size], { limits: { maxBodyBytes: 100_000 } })
  const body = new Uint8Array(gzipSync(new Uint8Array(50_000_000)))
  assert.ok(body.byteLength < 100_000)
  const headers = { 'content-encoding': 'gzip' }
  const answer = await request(`${url}/size`, { method: 'POST', body, headers })
  assert.equal(answer.status, 413)
})

test('a chunked body over the limit before it is decompressed is 413', async t => {
  const { url } = await startListener(t, [size], { limits: { maxBodyBytes: 100 } })
  const members = Array.from({ length: 10 }, () => gzipSync(''))
  const body = new Blob([new Uint8Array(Buffer.concat(members))]).stream()
  const headers = { 'content-encoding': 'gzip' }
  const answer = await request(`${url}/size`, { method: 'POST', body, headers, duplex: 'half' })
  assert.equal(answer.status, 413)
})

test('bodies held at once are bounded, and their bytes come back with the response', async t => {
  const { route, begun, open } = gatedRoute('/hold')
  const { url, nextObservation } = await startListener(t, [route, size], {
    limits: { maxInFlightBytes: 1000 },
  })
  const held = request(`${url}/hold`, { method: 'POST', body: new Uint8Array(600) })
  await begun
  const refused = await request(`${url}/size`, { method: 'POST', body: new Uint8Array(401) })
  assert.equal(refused.status, 503)
  assert.equal(refused.headers.get('retry-after'), '1')
  assert.equal(errorOf(refused.text).code, 'RESOURCE_EXHAUSTED')
  assert.equal((await request(`${url}/size`, { method: 'POST', body: new Uint8Array(400) })).status, 200)
  open()
  assert.equal((await held).status, 200)
  for (let count = 0; count < 3; count++) await nextObservation()
  assert.equal((await request(`${url}/size`, { method: 'POST', body: new Uint8Array(1000) })).status, 200)
})

test('decompressed bytes count as held', async t => {
  const { url } = await startListener(t, [size], { limits: { maxInFlightBytes: 20_000 } })
  const body = new Uint8Array(gzipSync(new Uint8Array(30_000)))
  const headers = { 'content-encoding': 'gzip' }
  assert.equal((await request(`${url}/size`, { method: 'POST', body, headers })).status, 503)
  assert.equal((await request(`${url}/size`, { method: 'POST', body: new Uint8Array(20_000) })).status, 200)
})

test('more requests than may run at once are 503 with Retry-After, but for exempt ones', async t => {
  const { route, begun, open } = gatedRoute('/hold')
  const live: HttpRoute = {
    method: 'GET',
    path: '/live',
    isExemptFromLimits: true,
    handle: () => text(200, 'live'),
  }
  const { url, nextObservation } = await startListener(t, [route, size, live], {
    limits: { maxConcurrentRequests: 1 },
  })
  const held = request(`${url}/hold`, { method: 'POST' })
  await begun
  const refused = await request(`${url}/size`, { method: 'POST', body: 'x' })
  assert.equal(refused.status, 503)
  assert.equal(refused.headers.get('retry-after'), '1')
  assert.match(errorOf(refused.text).error, /^1 requests/)
  assert.equal((await nextObservation()).status, 503)
  assert.equal((await request(`${url}/live`)).text, 'live')
  await nextObservation()
  open()
  assert.equal((await held).text, 'done')
  await nextObservation()
  assert.equal((await request(`${url}/size`, { method: 'POST', body: 'x' })).text, '1')
})

test('the body of a refused request is not read', async t => {
  const { route, begun, open } = gatedRoute('/hold')
  const { url, port } = await startListener(t, [route, size], { limits: { maxConcurrentRequests: 1 } })
  const held = request(`${url}/hold`, { method: 'POST' })
  await begun
  const client = openRaw(t, port).send(`POST /size HTTP/1.1\r\n${HOST}Content-Length: 900000\r\n\r\n`)
  assert.match(await client.until(/\}$/), /^HTTP\/1\.1 503 .*Connection: close/s)
  client.socket.end()
  await client.closed
  open()
  await held
})

test('a connection beyond the limit gets one answer: refused, unless exempt', async t => {
  const live: HttpRoute = {
    method: 'GET',
    path: '/live',
    isExemptFromLimits: true,
    handle: () => text(200, 'live'),
  }
  const { port } = await startListener(t, [size, live], { limits: { maxConnections: 1 } })
  const post = `POST /size HTTP/1.1\r\n${HOST}Content-Length: 1\r\n\r\nx`
  const first = openRaw(t, port).send(post)
  await first.until(/\r\n\r\n1$/)
  const refused = await exchangeRaw(t, port, post)
  assert.match(refused, /^HTTP\/1\.1 503 .*Connection: close.*1 connections/s)
  assert.match(refused, /\r\nretry-after: 1\r\n/)
  const probe = await exchangeRaw(t, port, `GET /live HTTP/1.1\r\n${HOST}\r\n`)
  assert.match(probe, /^HTTP\/1\.1 200 .*Connection: close.*live$/s)
  first.socket.end()
  await first.closed
  await openRaw(t, port)
    .send(post)
    .until(/\r\n\r\n1$/)
})

test('headers over the limit are 431 in the protocol’s form', async t => {
  const { port } = await startListener(t, [size], { limits: { maxHeaderBytes: 1000 } })
  const answer = await exchangeRaw(
    t,
    port,
    `GET /size HTTP/1.1\r\n${HOST}X-Long: ${'x'.repeat(1000)}\r\n\r\n`,
  )
  assert.match(answer, /^HTTP\/1\.1 431 .*Connection: close/s)
  assert.deepEqual(errorOf(answer), {
    code: 'RESOURCE_EXHAUSTED',
    error: 'request line and headers are larger than 1000 bytes',
  })
  const longPath = await exchangeRaw(t, port, `GET /${'x'.repeat(1000)} HTTP/1.1\r\n${HOST}\r\n`)
  assert.match(longPath, /^HTTP\/1\.1 431 /)
})

test('many small headers within the limit all arrive', async t => {
  const { url } = await startListener(
    t,
    [{ method: 'GET', path: '/', handle: ({ headers }) => text(200, headers['x-2999'] ?? 'missing') }],
    { limits: { maxHeaderBytes: 100_000 } },
  )
  const headers = Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`x-${index}`, 'v']))
  assert.equal((await request(url, { headers })).text, 'v')
})

test('headers that do not arrive in time are 408', async t => {
  const { port } = await startListener(t, [size], { limits: { headersTimeoutMs: 30 } })
  const half = await exchangeRaw(t, port, `GET /size HTTP/1.1\r\n${HOST}`)
  assert.match(half, /^HTTP\/1\.1 408 .*Connection: close/s)
  assert.deepEqual(errorOf(half), {
    code: 'DEADLINE_EXCEEDED',
    error: 'request headers did not arrive within 30 ms',
  })
  assert.match(await openRaw(t, port).untilClosed(), /^HTTP\/1\.1 408 /)
})

test('an idle connection is closed', async t => {
  const { port } = await startListener(t, [size], { limits: { keepAliveTimeoutMs: 1 } })
  const answer = await exchangeRaw(t, port, `POST /size HTTP/1.1\r\n${HOST}Content-Length: 1\r\n\r\nx`)
  assert.match(answer, /\r\n\r\n1$/)
})
