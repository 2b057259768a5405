import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import * as grpc from '@grpc/grpc-js'
import { ServingError } from '@millrace/sdk'
import type { GrpcCall, GrpcMethod } from './grpc-types.ts'
import {
  CHAT,
  chat,
  closed,
  collect,
  ECHO,
  echo,
  frame,
  grpcClient,
  open,
  rawSession,
  startBed,
} from './listener-fixture.ts'

const HOLD = '/test.Service/Hold'

function holding() {
  const { promise: gate, resolve: letGo } = Promise.withResolvers<void>()
  const { promise: entered, resolve: enter } = Promise.withResolvers<GrpcCall>()
  const method: GrpcMethod = {
    kind: 'unary',
    async handle(message, call) {
      enter(call)
      await gate
      return message
    },
  }
  return { method, letGo, entered }
}

function rawSocket(t: TestContext, port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  t.after(() => socket.destroy())
  return socket
}

async function isAnswering(session: ClientHttp2Session): Promise<boolean> {
  const stream = open(session, ECHO)
  const reply = collect(stream)
  stream.end(frame(Buffer.from('m')))
  return (await reply).status === '0'
}

for (const [name, bytes] of [
  ['HTTP/1.1', 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n'],
  ['garbage', Buffer.alloc(100_000, 0xff)],
  ['TLS', Buffer.from('16030100c8010000c40303', 'hex')],
  [
    'a preface and garbage',
    Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.alloc(1000, 0xff)]),
  ],
] as const) {
  test(`a connection that speaks ${name} is closed, and the others stay`, async t => {
    const bed = await startBed(t, { [ECHO]: echo })
    const session = rawSession(t, bed.port)
    assert.ok(await isAnswering(session))
    const socket = rawSocket(t, bed.port)
    socket.write(bytes)
    await closed(socket.resume())
    assert.ok(await isAnswering(session))
  })
}

test('a connection that is reset in the middle of a call harms nobody', async t => {
  const bed = await startBed(t, { [ECHO]: echo, [CHAT]: chat })
  for (const path of [ECHO, CHAT]) {
    const socket = rawSocket(t, bed.port)
    await once(socket, 'connect')
    const session = connectHttp2('http://localhost', { createConnection: () => socket })
    session.on('error', () => {})
    const stream = open(session, path)
    await new Promise<void>(resolve => stream.write(frame(Buffer.alloc(10), 0, 1000), () => resolve()))
    await new Promise(resolve => session.ping(resolve))
    socket.resetAndDestroy()
  }
  assert.deepEqual(
    (await bed.finished(2)).map(({ code }) => code),
    [1, 1],
  )
  assert.ok(await isAnswering(rawSession(t, bed.port)))
})

test('a connection that says nothing is closed, one that waits is kept', async t => {
  const bed = await startBed(t, { [ECHO]: echo })
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const session = rawSession(t, bed.port)
  assert.ok(await isAnswering(session))
  const socket = rawSocket(t, bed.port)
  // The server may not have accepted it yet when the time is up for the first time.
  while (!socket.resume().destroyed) {
    t.mock.timers.tick(10_000)
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.ok(await isAnswering(session))
  t.mock.timers.reset()
})

test('pings are answered', async t => {
  const bed = await startBed(t, { [ECHO]: echo })
  const session = rawSession(t, bed.port)
  await once(session, 'connect')
  for (let index = 0; index < 300; index++) {
    const payload = Buffer.alloc(8, index)
    const { promise, resolve } = Promise.withResolvers<Buffer>()
    session.ping(payload, (error, _durationMs, echoed) => resolve(error ? Buffer.alloc(0) : echoed))
    assert.deepEqual(await promise, payload)
  }
  assert.ok(await isAnswering(session))
})

test('an address that is taken is an error of the system', async t => {
  const bed = await startBed(t, { [ECHO]: echo })
  await assert.rejects(startBed(t, {}, {}, bed.port), { code: 'EADDRINUSE' })
})

test('a limit that is none is refused', async t => {
  for (const [name, value] of [
    ['maxMessageBytes', 2 ** 32],
    ['maxHeaderBytes', 0],
    ['maxConcurrentStreams', -1],
    ['maxConnections', 1.5],
    ['requestTimeoutMs', Number.POSITIVE_INFINITY],
    ['streamIdleTimeoutMs', Number.NaN],
  ] as const) {
    await assert.rejects(startBed(t, {}, { [name]: value }), {
      name: 'RangeError',
      message: new RegExp(`^${name} is ${value}; allowed: an integer from 1 to`),
    })
  }
})

test('draining waits for calls, and takes no more', async t => {
  const { method, letGo, entered } = holding()
  const bed = await startBed(t, { [HOLD]: method, [ECHO]: echo })
  const idle = rawSession(t, bed.port)
  assert.ok(await isAnswering(idle))
  const client = grpcClient(t, bed.port)
  const held = client.unary(HOLD, Buffer.from('m'))
  await entered

  const goaway = once(idle, 'goaway')
  const drained = bed.listener.close(5000)
  const again = bed.listener.close(5000)
  await goaway
  await closed(rawSocket(t, bed.port))
  await assert.rejects(client.unary(ECHO, Buffer.from('m')), { code: grpc.status.UNAVAILABLE })

  letGo()
  assert.deepEqual(await held, Buffer.from('m'))
  await drained
  await again
  await bed.listener.close(5000)
})

test('when the time is up, calls are told and ended', async t => {
  const { method, entered } = holding()
  const { promise: streamEntered, resolve: enterStream } = Promise.withResolvers<GrpcCall>()
  const bed = await startBed(t, {
    [HOLD]: method,
    [CHAT]: {
      kind: 'stream',
      async *handle(messages, call) {
        yield Buffer.from('hello')
        enterStream(call)
        yield* messages
      },
    },
  })
  const client = grpcClient(t, bed.port)
  const held = client.unary(HOLD, Buffer.from('m'))
  const stream = client.stream(CHAT).resume()
  const calls = await Promise.all([entered, streamEntered])
  const drained = bed.listener.close(10)
  await assert.rejects(held, { code: grpc.status.UNAVAILABLE, details: /stopping/ })
  assert.equal((await stream.finalStatus).code, grpc.status.UNAVAILABLE)
  for (const { signal } of calls) {
    assert.ok(ServingError.is(signal.reason))
    assert.equal(signal.reason.code, 'UNAVAILABLE')
  }
  await drained
  assert.deepEqual(
    bed.observations.map(({ code }) => code),
    [14, 14],
  )
})

test('a second request to close can only hasten it', async t => {
  const { method, entered } = holding()
  const bed = await startBed(t, { [HOLD]: method })
  const held = grpcClient(t, bed.port).unary(HOLD, Buffer.from('m'))
  await entered
  const drained = [bed.listener.close(60_000), bed.listener.close(10), bed.listener.close(60_000)]
  await assert.rejects(held, { code: grpc.status.UNAVAILABLE })
  await Promise.all(drained)
})

test('clients that do not cooperate cannot hold up the end', async t => {
  const bed = await startBed(t, { [ECHO]: { kind: 'unary', handle: () => Buffer.alloc(30_000_000) } })
  const mute = rawSocket(t, bed.port)
  await once(mute, 'connect')
  const deaf = open(rawSession(t, bed.port), ECHO)
  deaf.end(frame(Buffer.alloc(0)))
  await once(deaf, 'response')
  await bed.listener.close(10)
  assert.equal((await bed.finished(1)).length, 1)
})
