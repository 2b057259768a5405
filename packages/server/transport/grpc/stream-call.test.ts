import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import * as grpc from '@grpc/grpc-js'
import { ServingError } from '@millrace/sdk'
import type { GrpcMethod, GrpcStreamHandler } from './grpc-types.ts'
import {
  CHAT,
  chat,
  collect,
  frame,
  grpcClient,
  nextData,
  open,
  rawSession,
  startBed,
  unframe,
} from './listener-fixture.ts'

function streaming(handle: GrpcStreamHandler): GrpcMethod {
  return { kind: 'stream', handle }
}

test('messages go back and forth, one at a time', async t => {
  const bed = await startBed(t, { [CHAT]: chat })
  const stream = grpcClient(t, bed.port).stream(CHAT)
  for (let index = 0; index < 50; index++) {
    const message = Buffer.alloc(index * 100, index)
    stream.write(message)
    assert.deepEqual(await nextData(stream), message)
  }
  stream.end()
  assert.equal((await stream.finalStatus).code, 0)
  const [observation] = await bed.finished(1)
  assert.deepEqual(
    [observation?.kind, observation?.code, observation?.messagesReceived, observation?.messagesSent],
    ['stream', 0, 50, 50],
  )
})

test('messages sent at once come back in order, whole, whatever their size', async t => {
  const bed = await startBed(t, { [CHAT]: chat })
  const stream = grpcClient(t, bed.port).stream(CHAT)
  const messages = Array.from({ length: 300 }, (_, index) => Buffer.alloc((index * 7919) % 50_000, index))
  for (const message of messages) stream.write(message)
  stream.end()
  assert.deepEqual(await stream.toArray(), messages)
})

test('many messages in one frame, and one message in many', async t => {
  const bed = await startBed(t, { [CHAT]: chat })
  const messages = Array.from({ length: 1000 }, (_, index) => Buffer.from(`message ${index}`))
  const stream = open(rawSession(t, bed.port), CHAT)
  const reply = collect(stream)
  stream.write(Buffer.concat(messages.map(message => frame(message))))
  for (const byte of frame(Buffer.from('slow'))) stream.write(Buffer.from([byte]))
  stream.end()
  const { data, status } = await reply
  assert.equal(status, '0')
  assert.deepEqual(unframe(data), [...messages, Buffer.from('slow')])
})

test('a stream may be empty in either direction', async t => {
  const bed = await startBed(t, {
    [CHAT]: chat,
    '/test.Service/Talk': streaming(async function* () {
      yield Buffer.from('a')
      yield [Buffer.from('b'), Buffer.from('c')]
    }),
    '/test.Service/Listen': streaming(async function* (messages) {
      for await (const message of messages) if (message.length === 0) yield message
    }),
  })
  const client = grpcClient(t, bed.port)
  for (const [path, sent, received] of [
    [CHAT, [], []],
    ['/test.Service/Talk', [], ['a', 'bc']],
    ['/test.Service/Listen', ['a', 'b'], []],
  ] as const) {
    const stream = client.stream(path)
    for (const message of sent) stream.write(Buffer.from(message))
    stream.end()
    assert.deepEqual((await stream.toArray()).map(String), received)
    assert.equal((await stream.finalStatus).code, 0)
  }
})

test('a handler may stop reading and end while the client still sends', async t => {
  const bed = await startBed(t, {
    [CHAT]: streaming(async function* (messages, call) {
      for await (const message of messages) {
        yield message
        break
      }
      call.setTrailer('x-done', 'yes')
    }),
  })
  const stream = open(rawSession(t, bed.port), CHAT)
  const reply = collect(stream)
  // Never ended by the client.
  for (let index = 0; index < 20; index++) stream.write(frame(Buffer.alloc(100_000, index)))
  const { data, trailers, rstCode } = await reply
  assert.deepEqual(unframe(data), [Buffer.alloc(100_000, 0)])
  assert.equal(trailers['grpc-status'], '0')
  assert.equal(trailers['x-done'], 'yes')
  assert.equal(rstCode, 0)
  assert.equal((await bed.finished(1))[0]?.code, 0)
})

test('answers before a failure arrive, then the status', async t => {
  const bed = await startBed(t, {
    [CHAT]: streaming(async function* () {
      yield Buffer.from('a')
      throw new ServingError('NOT_FOUND', 'no more')
    }),
    '/test.Service/Throw': streaming(() => {
      throw new ServingError('FAILED_PRECONDITION', 'at once')
    }),
  })
  const client = grpcClient(t, bed.port)
  const stream = client.stream(CHAT)
  assert.deepEqual(await nextData(stream), Buffer.from('a'))
  const status = await stream.finalStatus
  assert.deepEqual([status.code, status.details], [grpc.status.NOT_FOUND, 'no more'])
  const failed = client.stream('/test.Service/Throw').resume()
  assert.equal((await failed.finalStatus).code, grpc.status.FAILED_PRECONDITION)
})

for (const [name, bytes, status] of [
  ['half a message', frame(Buffer.from('ab'), 0, 10), '13'],
  ['garbage', Buffer.from('garbage'), '13'],
  ['a message over the limit', frame(Buffer.from('a'), 0, 100_000_000), '8'],
] as const) {
  test(`${name} ends a stream, and its handler can know why`, async t => {
    const { promise: ended, resolve } = Promise.withResolvers<unknown>()
    const bed = await startBed(t, {
      [CHAT]: streaming(async function* (messages, call) {
        try {
          yield* messages
        } finally {
          resolve(call.signal.reason)
        }
      }),
    })
    const stream = open(rawSession(t, bed.port), CHAT)
    const reply = collect(stream)
    stream.write(frame(Buffer.from('good')))
    stream.end(bytes)
    assert.equal((await reply).status, status)
    assert.ok(ServingError.is(await ended))
    assert.equal((await bed.finished(1))[0]?.code, Number(status))
  })
}

test('a client that leaves ends the iteration of its handler', async t => {
  const { promise: cleaned, resolve } = Promise.withResolvers<string>()
  const bed = await startBed(t, {
    [CHAT]: streaming(async function* (_messages, call) {
      try {
        for (;;) {
          yield Buffer.from('tick')
          await new Promise(resolve => setImmediate(resolve))
        }
      } finally {
        resolve(call.signal.aborted ? 'aborted' : 'running')
      }
    }),
  })
  const stream = grpcClient(t, bed.port).stream(CHAT)
  await once(stream, 'data')
  stream.cancel()
  assert.equal(await cleaned, 'aborted')
  assert.equal((await bed.finished(1))[0]?.code, 1)
})

test('an iterable that is not a generator is told to return', async t => {
  const { promise: returned, resolve } = Promise.withResolvers<void>()
  const bed = await startBed(t, {
    [CHAT]: streaming(() => ({
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return() {
          resolve()
          return Promise.reject(new Error('of no interest'))
        },
      }),
    })),
  })
  const stream = open(rawSession(t, bed.port), CHAT)
  await new Promise<void>(resolve => stream.write(frame(Buffer.from('m')), () => resolve()))
  stream.close()
  await returned
})

test('nothing is read while the handler does not ask, and the client waits', async t => {
  const { promise: gate, resolve: openGate } = Promise.withResolvers<void>()
  let pulled = 0
  const bed = await startBed(t, {
    [CHAT]: streaming(async function* (messages) {
      for await (const message of messages) {
        if (pulled++ === 0) await gate
        yield message.subarray(0, 1)
      }
    }),
  })
  const session = rawSession(t, bed.port)
  await once(session, 'connect')
  const stream = open(session, CHAT)
  const reply = collect(stream)
  const message = frame(Buffer.alloc(1_000_000, 1))
  let taken = 0
  const sent = (async () => {
    for (; taken < 40; taken++) await new Promise<void>(resolve => stream.write(message, () => resolve()))
    stream.end()
  })()
  // Until the client is stuck: nothing more goes out while pings come back.
  for (;;) {
    const before = taken
    for (let round = 0; round < 5; round++) await new Promise(resolve => session.ping(resolve))
    if (taken >= 10 && taken === before) break
  }
  assert.ok(taken < 25, `${taken} of 40 messages were taken by a server that reads none`)
  assert.equal(pulled, 1)
  openGate()
  await sent
  const { data, status } = await reply
  assert.equal(status, '0')
  assert.equal(unframe(data).length, 40)
})

test('a handler that answers faster than the client reads waits', async t => {
  let yielded = 0
  const bed = await startBed(t, {
    [CHAT]: streaming(async function* () {
      for (; yielded < 200; yielded++) yield Buffer.alloc(100_000, yielded)
    }),
  })
  const session = rawSession(t, bed.port)
  const stream = open(session, CHAT)
  await once(stream, 'response')
  for (let round = 0; round < 5; round++) await new Promise(resolve => session.ping(resolve))
  assert.ok(yielded < 100, `${yielded} of 200 answers were made for a client that reads none`)
  const reply = collect(stream)
  stream.end()
  const messages = unframe((await reply).data)
  assert.deepEqual(
    messages.map(message => message[0]),
    Array.from({ length: 200 }, (_, index) => index),
  )
})

test('a client that sends and never reads is ended when nothing moves', async t => {
  const bed = await startBed(
    t,
    {
      [CHAT]: streaming(async function* (messages) {
        for await (const _ of messages) yield Buffer.alloc(1_000_000)
      }),
    },
    { streamIdleTimeoutMs: 200 },
  )
  const stream = open(rawSession(t, bed.port), CHAT)
  for (let index = 0; index < 100; index++) stream.write(frame(Buffer.alloc(1000)))
  const [observation] = await bed.finished(1)
  assert.equal(observation?.code, 4)
  if (!stream.destroyed) await once(stream, 'close')
})

test('several pulls at once are served in order', async t => {
  const bed = await startBed(t, {
    [CHAT]: streaming(async function* (messages) {
      const iterator = messages[Symbol.asyncIterator]()
      const results = await Promise.all([iterator.next(), iterator.next(), iterator.next(), iterator.next()])
      for (const result of results) yield result.done === true ? Buffer.from('done') : result.value
      assert.equal((await iterator.next()).done, true)
    }),
  })
  const stream = grpcClient(t, bed.port).stream(CHAT)
  for (const message of ['a', 'b', 'c']) stream.write(Buffer.from(message))
  stream.end()
  assert.deepEqual((await stream.toArray()).map(String), ['a', 'b', 'c', 'done'])
})
