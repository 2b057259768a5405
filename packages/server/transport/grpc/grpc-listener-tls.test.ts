import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import * as grpc from '@grpc/grpc-js'
import { createAuthority, type Issued } from '../../test/certificates.ts'
import type { ClientCertificate } from '../admission-check.ts'
import type { TlsCredentials } from '../tls/tls-types.ts'
import { listenGrpc } from './grpc-listener.ts'
import type { GrpcListenerOptions, GrpcMethod } from './grpc-types.ts'
import { CHAT, chat, ECHO, echo, grpcClient, LIMITS, toStatus } from './listener-fixture.ts'

const authority = createAuthority()
const server = authority.issue('server')
const METHODS = { [ECHO]: echo, [CHAT]: chat }

async function start(
  t: TestContext,
  overrides: Partial<GrpcListenerOptions> = {},
  methods: Readonly<Record<string, GrpcMethod>> = METHODS,
) {
  const listener = await listenGrpc({
    host: '127.0.0.1',
    port: 0,
    limits: LIMITS,
    methods: new Map(Object.entries(methods)),
    toStatus,
    tls: { ...server },
    ...overrides,
  })
  t.after(() => listener.close(0))
  return listener
}

function client(t: TestContext, port: number, own?: Issued, ca = authority.certificate) {
  const credentials = grpc.credentials.createSsl(
    Buffer.from(ca),
    own === undefined ? null : Buffer.from(own.key),
    own === undefined ? null : Buffer.from(own.certificate),
  )
  return grpcClient(t, port, {}, credentials)
}

async function openTls(t: TestContext, port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ca: authority.certificate, ...options })
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  return socket
}

const soon = () => ({ deadline: Date.now() + 20_000 })

test('unary calls and streams over TLS', async t => {
  const { port } = await start(t)
  const known = client(t, port)
  const message = Buffer.alloc(1_000_000, 7)
  assert.deepEqual(await known.unary(ECHO, message, soon()), message)
  const call = known.stream(CHAT, soon())
  call.write(Buffer.from('a'))
  const [answer] = (await once(call, 'data')) as [Buffer]
  assert.equal(answer.toString(), 'a')
  call.end()
  assert.equal((await call.finalStatus).code, grpc.status.OK)
})

test('a client without TLS, or of another authority, gets nothing', async t => {
  const { port } = await start(t)
  await assert.rejects(grpcClient(t, port).unary(ECHO, Buffer.from('a'), soon()), {
    code: grpc.status.UNAVAILABLE,
  })
  const stranger = client(t, port, undefined, createAuthority().certificate)
  await assert.rejects(stranger.unary(ECHO, Buffer.from('a'), soon()), { code: grpc.status.UNAVAILABLE })
  assert.equal((await client(t, port).unary(ECHO, Buffer.from('a'), soon())).toString(), 'a')
})

test('HTTP/2 is the only protocol offered', async t => {
  const { port } = await start(t)
  const socket = await openTls(t, port, { ALPNProtocols: ['h2', 'http/1.1'] })
  assert.equal(socket.alpnProtocol, 'h2')
  await assert.rejects(openTls(t, port, { ALPNProtocols: ['http/1.1'] }))
})

test('mutual TLS: only clients with a certificate of the authority get in, and the check sees whose', async t => {
  const seen: (ClientCertificate | undefined)[] = []
  const { port } = await start(t, {
    tls: { ...server, clientCa: authority.certificate },
    admissionOf: () => head => {
      seen.push(head.clientCertificate)
      assert.equal(head.remoteAddress, '127.0.0.1')
      return undefined
    },
  })
  const code = grpc.status.UNAVAILABLE
  await assert.rejects(client(t, port).unary(ECHO, Buffer.from('a'), soon()), { code })
  const stranger = createAuthority().issue('stranger', { isForClients: true })
  await assert.rejects(client(t, port, stranger).unary(ECHO, Buffer.from('a'), soon()), { code })
  assert.equal(seen.length, 0)

  const known = client(t, port, authority.issue('client', { isForClients: true }))
  assert.equal((await known.unary(ECHO, Buffer.from('a'), soon())).toString(), 'a')
  assert.equal((await known.unary(ECHO, Buffer.from('b'), soon())).toString(), 'b')
  assert.deepEqual(
    seen.map(certificate => certificate?.subject),
    ['CN=client', 'CN=client'],
  )
})

test('handshakes under way do not hold up a listener that closes', async t => {
  const listener = await start(t)
  const socket = connectTcp(listener.port, '127.0.0.1')
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  assert.equal((await client(t, listener.port).unary(ECHO, Buffer.from('a'), soon())).toString(), 'a')
  const closed = once(socket, 'close')
  await listener.close(60_000)
  await closed
})

test('closing lets what is running finish', async t => {
  const began = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const slow: GrpcMethod = {
    kind: 'unary',
    async handle(message) {
      began.resolve()
      await goOn.promise
      return message
    },
  }
  const listener = await start(t, {}, { [ECHO]: slow })
  const answer = client(t, listener.port).unary(ECHO, Buffer.from('a'), soon())
  await began.promise
  const closed = listener.close(60_000)
  goOn.resolve()
  assert.equal((await answer).toString(), 'a')
  await closed
})

test('connections beyond the limit are closed', async t => {
  const { port } = await start(t, { limits: { ...LIMITS, maxConnections: 1 } })
  const first = client(t, port)
  await first.unary(ECHO, Buffer.from('a'), soon())
  await assert.rejects(openTls(t, port))
  assert.equal((await first.unary(ECHO, Buffer.from('b'), soon())).toString(), 'b')
})

test('renewed credentials serve new connections; old connections go on', async t => {
  let renew: ((credentials: TlsCredentials) => void) | undefined
  const { port } = await start(t, {
    tls: {
      ...server,
      onRenewed(listen) {
        renew = listen
        return () => {}
      },
    },
  })
  const old = client(t, port)
  await old.unary(ECHO, Buffer.from('a'), soon())
  renew?.({ ...authority.issue('renewed') })
  const socket = await openTls(t, port, { ALPNProtocols: ['h2'] })
  assert.equal(socket.getPeerX509Certificate()?.subject, 'CN=renewed')
  assert.equal((await old.unary(ECHO, Buffer.from('b'), soon())).toString(), 'b')
})
