import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants } from 'node:http2'
import { connect } from 'node:net'
import { test } from 'node:test'
import * as grpc from '@grpc/grpc-js'
import type { GrpcMethod } from './grpc-types.ts'
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

/** A method that keeps its calls until they are let go. */
function holding(options: { isExemptFromLimits?: boolean } = {}) {
  const { promise: gate, resolve: letGo } = Promise.withResolvers<void>()
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>()
  const method: GrpcMethod = {
    kind: 'unary',
    ...options,
    async handle() {
      enter()
      await gate
      return Buffer.from('let go')
    },
  }
  return { method, letGo, entered }
}

test('calls over the limit are told to come back, health checks are answered', async t => {
  const { method, letGo, entered } = holding()
  const bed = await startBed(
    t,
    {
      [HOLD]: method,
      [ECHO]: echo,
      [CHAT]: chat,
      '/test.Health/Check': { ...echo, isExemptFromLimits: true },
    },
    { maxConcurrentCalls: 1 },
  )
  const client = grpcClient(t, bed.port)
  const held = client.unary(HOLD, Buffer.from('m'))
  await entered
  // Another connection: the limit counts over all.
  const other = grpcClient(t, bed.port)
  const refused = other.unary(ECHO, Buffer.from('m'))
  await assert.rejects(refused, { code: grpc.status.RESOURCE_EXHAUSTED, details: /1 calls/ })
  assert.equal((await refused.status).metadata.get('grpc-retry-pushback-ms')[0], '1000')
  assert.equal((await other.stream(CHAT).resume().finalStatus).code, grpc.status.RESOURCE_EXHAUSTED)
  assert.deepEqual(await other.unary('/test.Health/Check', Buffer.from('h')), Buffer.from('h'))
  letGo()
  assert.deepEqual(await held, Buffer.from('let go'))
  await bed.finished(4)
  assert.deepEqual(await other.unary(ECHO, Buffer.from('m')), Buffer.from('m'))
  // Refused calls are observed too.
  assert.deepEqual(
    bed.observations.map(({ code }) => code).sort((a, b) => a - b),
    [0, 0, 0, 8, 8],
  )
})

test('a message over the limit is refused at once, and its connection stays usable', async t => {
  const bed = await startBed(t, { [ECHO]: echo, [CHAT]: chat }, { maxMessageBytes: 1_000_000 })
  const session = rawSession(t, bed.port)
  // More than the window of the connection together.
  for (let index = 0; index < 10; index++) {
    const stream = open(session, index % 2 === 0 ? ECHO : CHAT)
    const reply = collect(stream)
    stream.write(frame(Buffer.alloc(10_000_000)))
    const { status, message, rstCode } = await reply
    assert.equal(status, '8')
    assert.equal(message, 'a message of 10000000 bytes is larger than the 1000000 bytes that are allowed')
    assert.equal(rstCode, constants.NGHTTP2_NO_ERROR)
  }
  const stream = open(session, ECHO)
  const reply = collect(stream)
  stream.end(frame(Buffer.alloc(1_000_000)))
  assert.equal((await reply).status, '0')
  assert.equal(session.destroyed, false)
})

test('an answer over the limit is not sent', async t => {
  const bed = await startBed(
    t,
    {
      [ECHO]: { kind: 'unary', handle: () => [Buffer.alloc(600), Buffer.alloc(600)] },
      [CHAT]: {
        kind: 'stream',
        async *handle() {
          yield Buffer.alloc(1000)
          yield Buffer.alloc(1001)
        },
      },
    },
    { maxMessageBytes: 1000 },
  )
  const client = grpcClient(t, bed.port)
  await assert.rejects(client.unary(ECHO, Buffer.alloc(0)), {
    code: grpc.status.RESOURCE_EXHAUSTED,
    details: /1200 bytes/,
  })
  const { status, data } = await collect(open(rawSession(t, bed.port), CHAT))
  assert.equal(status, '8')
  assert.deepEqual(data, frame(Buffer.alloc(1000)))
})

test('the bytes of requests in flight are bounded over all calls', async t => {
  const { method, letGo, entered } = holding()
  const health = { ...echo, isExemptFromLimits: true }
  const bed = await startBed(
    t,
    { [HOLD]: method, [ECHO]: echo, '/test.Health/Check': health },
    { maxInFlightBytes: 1_000_000 },
  )
  const client = grpcClient(t, bed.port)
  const held = client.unary(HOLD, Buffer.alloc(600_000))
  await entered
  const refused = client.unary(ECHO, Buffer.alloc(600_000))
  await assert.rejects(refused, { code: grpc.status.RESOURCE_EXHAUSTED, details: /1000000 bytes/ })
  assert.equal((await refused.status).metadata.get('grpc-retry-pushback-ms')[0], '1000')
  await client.unary(ECHO, Buffer.alloc(300_000))
  letGo()
  await held
  await bed.finished(3)
  for (let round = 0; round < 5; round++) await client.unary(ECHO, Buffer.alloc(1_000_000))

  // Exempt methods do not share the budget, and have an allowance of their own.
  assert.equal((await client.unary('/test.Health/Check', Buffer.alloc(65_536))).length, 65_536)
  await assert.rejects(client.unary('/test.Health/Check', Buffer.alloc(65_537)), {
    code: grpc.status.RESOURCE_EXHAUSTED,
  })
})

test('memory is given back however a call ends', async t => {
  const bed = await startBed(
    t,
    {
      [ECHO]: echo,
      [HOLD]: { kind: 'unary', handle: () => new Promise(() => {}) },
      [CHAT]: { kind: 'stream', handle: messages => messages },
    },
    { maxInFlightBytes: 1_000_000 },
  )
  const session = rawSession(t, bed.port)
  let calls = 0
  for (let round = 0; round < 3; round++) {
    for (const end of ['cancel', 'deadline', 'truncate', 'garbage'] as const) {
      for (const path of [HOLD, CHAT]) {
        const stream = open(session, path, end === 'deadline' ? { 'grpc-timeout': '10m' } : {})
        const reply = collect(stream)
        stream.write(frame(Buffer.alloc(500_000)))
        if (end === 'cancel') {
          await new Promise<void>(resolve =>
            stream.write(frame(Buffer.alloc(10), 0, 400_000), () => resolve()),
          )
          stream.close(constants.NGHTTP2_CANCEL)
        } else if (end === 'truncate') stream.end(Buffer.from([0]))
        else if (end === 'garbage') stream.end(Buffer.from('garbage'))
        await reply
        await bed.finished(++calls)
      }
    }
  }
  const stream = open(session, ECHO)
  const reply = collect(stream)
  stream.end(frame(Buffer.alloc(1_000_000)))
  assert.equal((await reply).status, '0')
})

test('a stream may carry more than the budget, as long as it does not hold it', async t => {
  const bed = await startBed(t, { [CHAT]: chat }, { maxInFlightBytes: 1_000_000 })
  const stream = grpcClient(t, bed.port).stream(CHAT)
  let answers = 0
  stream.on('data', () => {
    if (++answers < 40) stream.write(Buffer.alloc(100_000))
    else stream.end()
  })
  stream.write(Buffer.alloc(100_000))
  assert.equal((await stream.finalStatus).code, 0)
  assert.equal(answers, 40)
})

test('what piles up on a stream that nobody reads counts, in how many pieces it comes too', async t => {
  const { promise: gate, resolve: letGo } = Promise.withResolvers<void>()
  const bed = await startBed(
    t,
    {
      [CHAT]: {
        kind: 'stream',
        async *handle(messages) {
          await gate
          yield* messages
        },
      },
      [ECHO]: echo,
    },
    { maxInFlightBytes: 1_000_000 },
  )
  const session = rawSession(t, bed.port)
  const stream = open(session, CHAT)
  const reply = collect(stream)
  stream.write(frame(Buffer.alloc(1)))
  for (let index = 0; index < 20_000 && !stream.closed; index++) {
    await new Promise<void>(resolve => stream.write(Buffer.from([0]), () => resolve()))
  }
  const { status, message } = await reply
  assert.equal(status, '8')
  assert.match(message, /1000000 bytes/)
  letGo()
  await bed.finished(1)
  await grpcClient(t, bed.port).unary(ECHO, Buffer.alloc(1_000_000))
})

test('what came in one read with its headers is not given back twice', async t => {
  const bed = await startBed(t, { [CHAT]: chat, [ECHO]: echo }, { maxInFlightBytes: 1_000_000 })
  const session = rawSession(t, bed.port)
  await once(session, 'connect')
  for (let round = 0; round < 20; round++) {
    const stream = open(session, CHAT)
    const reply = collect(stream)
    stream.end(frame(Buffer.alloc(10_000)))
    assert.equal((await reply).status, '0')
  }
  await bed.finished(20)
  const stream = open(session, ECHO)
  const reply = collect(stream)
  stream.end(frame(Buffer.alloc(1_000_001)))
  assert.equal((await reply).status, '8')
})

test('clients are told the limits of a connection', async t => {
  const bed = await startBed(t, { [ECHO]: echo }, { maxConcurrentStreams: 17, maxHeaderBytes: 9000 })
  const session = rawSession(t, bed.port)
  await once(session, 'remoteSettings')
  const { maxConcurrentStreams, maxHeaderListSize, initialWindowSize } = session.remoteSettings
  assert.deepEqual(
    { maxConcurrentStreams, maxHeaderListSize, initialWindowSize },
    {
      maxConcurrentStreams: 17,
      maxHeaderListSize: 9000,
      initialWindowSize: 16_777_216,
    },
  )
})

for (const [name, headers] of [
  ['too long', { 'x-long': 'a'.repeat(10_000) }],
  ['too many', Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`x-${index}`, '']))],
] as const) {
  test(`headers that are ${name} end a call and not its connection`, async t => {
    const bed = await startBed(t, { [ECHO]: echo }, { maxHeaderBytes: 9000 })
    const session = rawSession(t, bed.port)
    await once(session, 'remoteSettings')
    const first = open(session, ECHO)
    const answer = collect(first)
    first.end(frame(Buffer.from('m')))
    assert.equal((await answer).status, '0')

    const { rstCode, status } = await collect(open(session, ECHO, headers))
    assert.equal(status, undefined)
    assert.equal(rstCode, constants.NGHTTP2_ENHANCE_YOUR_CALM)

    const next = open(session, ECHO)
    const reply = collect(next)
    next.end(frame(Buffer.from('m')))
    assert.equal((await reply).status, '0')
  })
}

test('connections over the limit are closed', async t => {
  const bed = await startBed(t, { [ECHO]: echo }, { maxConnections: 1 })
  await grpcClient(t, bed.port).unary(ECHO, Buffer.from('m'))
  const socket = connect(bed.port, '127.0.0.1')
  socket.on('error', () => {})
  await closed(socket.resume())
})

test('a client may cancel thousands of calls in a row, and not without end', async t => {
  const bed = await startBed(t, { [ECHO]: echo })
  const session = rawSession(t, bed.port)
  const openAndReset = async (count: number) => {
    for (let done = 0; done < count && !session.destroyed; done += 100) {
      const streams = Array.from({ length: 100 }, () => open(session, ECHO))
      for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL)
      await Promise.all(streams.map(closed))
    }
  }
  await openAndReset(3000)
  const stream = open(session, ECHO)
  const reply = collect(stream)
  stream.end(frame(Buffer.from('m')))
  assert.equal((await reply).status, '0')

  await openAndReset(50_000)
  assert.equal(session.destroyed, true)
})
