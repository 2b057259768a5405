import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { createAuthority } from '../../test/certificates.ts'
import type { ClientCertificate } from '../admission-check.ts'
import type { TlsCredentials } from '../tls/tls-types.ts'
import type { HttpRoute } from './http-types.ts'
import { errorOf, type ListenerOverrides, openRaw, startListener, text } from './listener-fixture.ts'

const authority = createAuthority()
const server = authority.issue('server')

const hello: HttpRoute = { method: 'GET', path: '/hello', handle: () => text(200, 'hello') }
const echo: HttpRoute = {
  method: 'POST',
  path: '/echo',
  handle: async request => ({ status: 200, body: await request.body() }),
}

function start(t: TestContext, routes: readonly HttpRoute[], overrides: ListenerOverrides = {}) {
  return startListener(t, routes, { tls: { ...server }, ...overrides })
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly subject: string | undefined
}

/** One request on a connection of its own. */
function ask(port: number, path: string, options: RequestOptions = {}, body = ''): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const request = httpsRequest(
    {
      host: '127.0.0.1',
      port,
      path,
      ca: authority.certificate,
      agent: new Agent({ maxCachedSessions: 0 }),
      ...options,
    },
    response => {
      const subject = (response.socket as TLSSocket).getPeerX509Certificate()?.subject
      let received = ''
      response.on('data', (chunk: Buffer) => (received += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: received, subject }))
      response.on('error', reject)
    },
  )
  request.on('error', reject)
  request.end(body)
  return promise
}

async function openTls(t: TestContext, port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ca: authority.certificate, ...options })
  t.after(() => socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

test('answers over TLS, and keeps the connection', async t => {
  const { port } = await start(t, [hello, echo])
  assert.deepEqual(await ask(port, '/hello'), { status: 200, body: 'hello', subject: 'CN=server' })
  const large = 'x'.repeat(300_000)
  assert.equal((await ask(port, '/echo', { method: 'POST' }, large)).body, large)

  const socket = await openTls(t, port, { ALPNProtocols: ['http/1.1'] })
  assert.equal(socket.alpnProtocol, 'http/1.1')
  for (let round = 0; round < 2; round++) {
    socket.write('GET /hello HTTP/1.1\r\nHost: x\r\n\r\n')
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    assert.match(chunk.toString(), /^HTTP\/1\.1 200 OK[^]*hello$/)
  }
})

test('a client that does not know the authority leaves', async t => {
  const { port } = await start(t, [hello])
  await assert.rejects(ask(port, '/hello', { ca: createAuthority().certificate }))
})

test('older versions of TLS than allowed are refused', async t => {
  const { port } = await start(t, [hello], { tls: { ...server, minVersion: 'TLSv1.3' } })
  await assert.rejects(ask(port, '/hello', { maxVersion: 'TLSv1.2' }))
  assert.equal((await ask(port, '/hello')).status, 200)
})

test('plain HTTP to a TLS port: the connection is closed and the listener goes on', async t => {
  const { port, started } = await start(t, [hello])
  const received = await openRaw(t, port).send('GET /hello HTTP/1.1\r\nHost: x\r\n\r\n').untilClosed()
  assert.doesNotMatch(received, /HTTP/)
  assert.deepEqual(started, [])
  assert.equal((await ask(port, '/hello')).status, 200)
})

test('a handshake that never ends is given up after the time for headers', async t => {
  const { port } = await start(t, [hello], { limits: { headersTimeoutMs: 200 } })
  const silent = openRaw(t, port)
  // The first bytes of a ClientHello, and no more.
  const begun = openRaw(t, port).send(Buffer.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01))
  await Promise.all([silent.untilClosed(), begun.untilClosed()])
  assert.equal((await ask(port, '/hello')).status, 200)
})

test('handshakes under way do not hold up a listener that closes', async t => {
  const { port, listener } = await start(t, [hello])
  const socket = connectTcp(port, '127.0.0.1')
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  // A second connection that has been served: by then the listener has seen the first.
  assert.equal((await ask(port, '/hello')).status, 200)
  const closed = once(socket, 'close')
  await listener.close(60_000)
  await closed
})

test('a connection that has asked nothing yet does not hold up a listener that closes', async t => {
  const { port, listener } = await start(t, [hello])
  const socket = await openTls(t, port)
  socket.resume()
  assert.equal((await ask(port, '/hello')).status, 200)
  await listener.close(60_000)
})

test('closing lets what is running finish', async t => {
  const began = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const slow: HttpRoute = {
    method: 'GET',
    path: '/slow',
    async handle() {
      began.resolve()
      await goOn.promise
      return text(200, 'done')
    },
  }
  const { port, listener } = await start(t, [slow])
  const answer = ask(port, '/slow')
  await began.promise
  const closed = listener.close(60_000)
  goOn.resolve()
  assert.equal((await answer).body, 'done')
  await closed
})

test('the limits hold: connections, headers, bodies', async t => {
  const { port } = await start(t, [hello, echo], {
    limits: { maxConnections: 1, maxHeaderBytes: 1024, maxBodyBytes: 1000 },
  })
  const first = await openTls(t, port)
  first.write('GET /hello HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(first, 'data')
  const surplus = await ask(port, '/hello')
  assert.equal(surplus.status, 503)
  assert.match(surplus.body, /1 connections are open already/)

  first.write('POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n')
  const [refused] = (await once(first, 'data')) as [Buffer]
  assert.match(refused.toString(), /^HTTP\/1\.1 413 /)
  first.destroy()
})

test('headers beyond the limit get their answer, too', async t => {
  const { port } = await start(t, [hello], { limits: { maxHeaderBytes: 1024 } })
  const socket = await openTls(t, port)
  socket.write(`GET /hello HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(2000)}\r\n\r\n`)
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  assert.match(chunk.toString(), /^HTTP\/1\.1 431 /)
})

test('headers that do not come are given up', async t => {
  const { port } = await start(t, [hello], { limits: { headersTimeoutMs: 200 } })
  const socket = await openTls(t, port)
  socket.write('GET /hello HTTP/1.1\r\nHost: x\r\n')
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  assert.match(chunk.toString(), /^HTTP\/1\.1 408 /)
})

test('a large body that is refused early: the client reads the answer before the connection closes', async t => {
  const { port } = await start(t, [echo], { limits: { maxBodyBytes: 1_000_000 } })
  const answer = await ask(port, '/echo', { method: 'POST' }, 'x'.repeat(2_000_000))
  assert.equal(answer.status, 413)
  assert.match(errorOf(answer.body).error, /larger than 1000000 bytes/)
})

test('mutual TLS: only clients with a certificate of the authority get in, and the check sees whose', async t => {
  const seen: (ClientCertificate | undefined)[] = []
  const { port, started } = await start(t, [hello], {
    tls: { ...server, clientCa: authority.certificate },
    admissionOf: () => head => {
      seen.push(head.clientCertificate)
      assert.equal(head.remoteAddress, '127.0.0.1')
      return undefined
    },
  })
  const asClient = (issued: { certificate: string; key: string }) =>
    ask(port, '/hello', { cert: issued.certificate, key: issued.key })
  await assert.rejects(ask(port, '/hello'))
  await assert.rejects(asClient(createAuthority().issue('stranger', { isForClients: true })))
  await assert.rejects(
    asClient(authority.issue('late', { isForClients: true, notAfter: new Date(Date.now() - 60_000) })),
  )
  // A server's certificate is none for a client.
  await assert.rejects(asClient(authority.issue('server')))
  assert.deepEqual(started, [])

  const client = authority.issue('client', { isForClients: true })
  assert.equal((await asClient(client)).status, 200)
  assert.equal(seen.length, 1)
  assert.equal(seen[0]?.subject, 'CN=client')
  assert.match(seen[0].fingerprint, /^([\dA-F]{2}:){31}[\dA-F]{2}$/)
})

test('without mutual TLS no certificate is asked for', async t => {
  const seen: (ClientCertificate | undefined)[] = []
  const { port } = await start(t, [hello], {
    admissionOf: () => head => {
      seen.push(head.clientCertificate)
      return undefined
    },
  })
  const client = authority.issue('client', { isForClients: true })
  await ask(port, '/hello', { cert: client.certificate, key: client.key })
  assert.deepEqual(seen, [undefined])
})

test('renewed credentials serve new connections; old connections go on', async t => {
  let renew: ((credentials: TlsCredentials) => void) | undefined
  let isSubscribed = false
  const { port, listener } = await start(t, [hello], {
    tls: {
      ...server,
      onRenewed(listen) {
        isSubscribed = true
        renew = listen
        return () => (isSubscribed = false)
      },
    },
  })
  const old = await openTls(t, port)
  renew?.({ ...authority.issue('renewed') })
  assert.equal((await ask(port, '/hello')).subject, 'CN=renewed')
  old.write('GET /hello HTTP/1.1\r\nHost: x\r\n\r\n')
  const [chunk] = (await once(old, 'data')) as [Buffer]
  assert.match(chunk.toString(), /^HTTP\/1\.1 200 /)

  // What cannot be used is the caller's mistake, and changes nothing.
  assert.throws(() => renew?.({ certificate: server.certificate, key: 'no key' }))
  assert.equal((await ask(port, '/hello')).subject, 'CN=renewed')
  await listener.close(0)
  assert.equal(isSubscribed, false)
})

test('credentials that cannot be used do not open a port', async t => {
  await assert.rejects(start(t, [hello], { tls: { certificate: server.certificate, key: authority.key } }))
  await assert.rejects(start(t, [hello], { tls: { certificate: 'nothing', key: server.key } }))
})
