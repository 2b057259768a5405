import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { HttpRoute } from './http-types.ts'
import { openRaw, request, startListener, text } from './listener-fixture.ts'

/** Answers with the body as it is, and says how its byte `align` lies. */
const echo: HttpRoute = {
  method: 'POST',
  path: '/echo/:align',
  async handle(incoming) {
    const alignAt = Number(incoming.params['align'])
    const body = await incoming.body(alignAt)
    return { status: 200, headers: { 'x-misaligned': String((body.byteOffset + alignAt) % 8) }, body }
  },
}

test('a body arrives whole and aligned, whatever its size and however it is sent', async t => {
  const { url } = await startListener(t, [echo])
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 60_000, max: 400_000 })),
      fc.nat(20),
      fc.boolean(),
      async (sizeBytes, alignAt, isChunked) => {
        const sent = new Uint8Array(sizeBytes).map((_, index) => index % 251)
        const response = await fetch(`${url}/echo/${alignAt}`, {
          method: 'POST',
          ...(isChunked ? { body: new Blob([sent]).stream(), duplex: 'half' } : { body: sent }),
        })
        if (sizeBytes > 0) assert.equal(response.headers.get('x-misaligned'), '0')
        assert.deepEqual(new Uint8Array(await response.arrayBuffer()), sent)
      },
    ),
    { numRuns: 60 },
  )
})

test('a body that arrives byte by byte is the same body', async t => {
  const { port } = await startListener(t, [echo])
  const client = openRaw(t, port)
  client.socket.setNoDelay(true)
  for (const character of 'POST /echo/3 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello') {
    await new Promise(resolve => {
      client.socket.write(character, resolve)
    })
  }
  assert.match(await client.untilClosed(), /x-misaligned: 0\r\n.*\r\n\r\nhello$/s)
})

test('a connection serves bodies of all sizes one after the other', async t => {
  const { port } = await startListener(t, [
    {
      method: 'POST',
      path: '/size',
      handle: async incoming => text(200, String((await incoming.body()).byteLength)),
    },
  ])
  const client = openRaw(t, port)
  for (const sizeBytes of [1, 60_000, 65_536, 700_000, 3, 999_999]) {
    client.received = ''
    client.send(`POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: ${sizeBytes}\r\n\r\n`)
    client.send(new Uint8Array(sizeBytes))
    assert.match(await client.until(new RegExp(`\r\n\r\n${sizeBytes}$`)), /Connection: keep-alive/)
  }
  const chunked = 'POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
  for (let count = 0; count < 3; count++) {
    client.received = ''
    client.send(`${chunked}2BF20\r\n${'x'.repeat(180_000)}\r\n0\r\n\r\n`)
    assert.match(await client.until(/\r\n\r\n180000$/), /Connection: keep-alive/)
  }
})

test('a request without a body has an empty one', async t => {
  const { url } = await startListener(t, [echo])
  const { status, text: body } = await request(`${url}/echo/0`, { method: 'POST' })
  assert.deepEqual([status, body], [200, ''])
})

test('a body is read once, however often it is asked for', async t => {
  const { url } = await startListener(t, [
    {
      method: 'POST',
      path: '/twice',
      async handle(incoming) {
        const [first, second] = await Promise.all([incoming.body(), incoming.body(3)])
        return text(200, String(first === second))
      },
    },
  ])
  assert.equal((await request(`${url}/twice`, { method: 'POST', body: 'x' })).text, 'true')
})

test('a body that the handler does not want leaves the connection usable, if it is small', async t => {
  const { port } = await startListener(t, [
    { method: 'POST', path: '/ignore', handle: () => text(200, 'ignored') },
    echo,
  ])
  const client = openRaw(t, port)
  client.send(`POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n${'x'.repeat(30_000)}`)
  await client.until(/\r\n\r\nignored$/)
  client.send(`${'x'.repeat(30_000)}POST /echo/0 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok`)
  assert.match(await client.until(/ok$/), /ignoredHTTP\/1\.1 200 /)
})

test('a body that could not be read leaves the connection usable, if it is small', async t => {
  const { port } = await startListener(t, [echo])
  const client = openRaw(t, port)
  client.send(
    'POST /echo/0 HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 65536\r\n\r\nno gzip at',
  )
  assert.match(await client.until(/\}$/), /^HTTP\/1\.1 400 .*Connection: keep-alive/s)
  client.send('x'.repeat(65_526)).send('POST /echo/0 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok')
  await client.until(/ok$/)
})

test('an unwanted body that is cut short ends the connection', async t => {
  const { port } = await startListener(t, [
    { method: 'POST', path: '/ignore', handle: () => text(200, 'ignored') },
  ])
  const client = openRaw(t, port).send('POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhal')
  await client.until(/ignored$/)
  client.socket.end()
  assert.match(await client.untilClosed(), /ignored$/)
})

test('a client that neither sends its unwanted body nor leaves is left', async t => {
  const { port } = await startListener(t, [
    { method: 'POST', path: '/ignore', handle: () => text(200, 'ignored') },
  ])
  const client = openRaw(t, port).send('POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n')
  assert.match(await client.untilClosed(), /ignored$/)
})

test('a body that nobody waits for fails quietly', async t => {
  const begun = Promise.withResolvers<void>()
  const { port, nextObservation } = await startListener(t, [
    {
      method: 'POST',
      path: '/careless',
      async handle(incoming) {
        void incoming.body()
        begun.resolve()
        await once(incoming.signal, 'abort')
        return text(200, 'careless')
      },
    },
    {
      method: 'POST',
      path: '/hasty',
      handle(incoming) {
        void incoming.body()
        return text(200, 'hasty')
      },
    },
  ])
  const cut = openRaw(t, port).send('POST /careless HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhal')
  await begun.promise
  cut.socket.resetAndDestroy()
  assert.equal((await nextObservation()).status, 499)
  const unknown = 'Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx'
  await openRaw(t, port)
    .send(`POST /hasty HTTP/1.1\r\nHost: a\r\n${unknown}`)
    .until(/hasty$/)
})

test('a large body that the handler does not want ends the connection, after the answer', async t => {
  const { port, nextObservation } = await startListener(t, [
    { method: 'POST', path: '/ignore', handle: () => text(200, 'ignored') },
  ])
  const client = openRaw(t, port)
  client.send(`POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n`)
  assert.match(await client.until(/\r\n\r\nignored$/), /\r\nConnection: close\r\n/)
  assert.equal((await nextObservation()).status, 200)
  client.send('x'.repeat(100_000))
  await client.closed
})

test('waits to be told to continue only when the body is wanted', async t => {
  const { port } = await startListener(t, [
    echo,
    { method: 'POST', path: '/ignore', handle: () => text(200, 'ignored') },
  ])
  const headers = 'Host: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n'
  const wanted = openRaw(t, port).send(`POST /echo/0 HTTP/1.1\r\n${headers}`)
  assert.equal(await wanted.until(/\r\n\r\n/), 'HTTP/1.1 100 Continue\r\n\r\n')
  wanted.send('hello')
  await wanted.until(/200 OK.*hello$/s)

  const unwanted = openRaw(t, port).send(`POST /ignore HTTP/1.1\r\n${headers}`)
  assert.match(await unwanted.until(/ignored$/), /^HTTP\/1\.1 200 OK.*Connection: close/s)
  unwanted.socket.end()
  await unwanted.closed
})
