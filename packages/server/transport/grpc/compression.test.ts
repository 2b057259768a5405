import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import * as grpc from '@grpc/grpc-js'
import {
  CHAT,
  chat,
  collect,
  ECHO,
  echo,
  frame,
  grpcClient,
  open,
  rawSession,
  startBed,
  unframe,
} from './listener-fixture.ts'

const COMPRESSED = 1

for (const [name, algorithm] of [
  ['deflate', grpc.compressionAlgorithms.deflate],
  ['gzip', grpc.compressionAlgorithms.gzip],
] as const) {
  test(`a client that sends ${name} reads the answers`, async t => {
    const bed = await startBed(t, { [ECHO]: echo, [CHAT]: chat })
    const client = grpcClient(t, bed.port, { 'grpc.default_compression_algorithm': algorithm })
    const message = Buffer.alloc(100_000, 'tensor ')
    assert.ok((await client.unary(ECHO, message)).equals(message))

    const stream = client.stream(CHAT)
    stream.write(message)
    stream.end(Buffer.from('short'))
    assert.deepEqual(await stream.toArray(), [message, Buffer.from('short')])
  })
}

test('answers are compressed only when they are long and the client reads it', async t => {
  const bed = await startBed(t, { [ECHO]: echo })
  const session = rawSession(t, bed.port)
  const cases = [
    { message: Buffer.alloc(1024, 'a'), accept: 'identity,gzip', flags: 1, encoding: 'gzip' },
    { message: Buffer.alloc(1024, 'a'), accept: 'gzip', flags: 1, encoding: 'gzip' },
    { message: Buffer.alloc(1023, 'a'), accept: 'identity, gzip', flags: 0, encoding: 'gzip' },
    { message: Buffer.alloc(5000, 'a'), accept: 'identity,deflate', flags: 0, encoding: undefined },
    { message: Buffer.alloc(5000, 'a'), accept: undefined, flags: 0, encoding: undefined },
  ]
  for (const { message, accept, flags, encoding } of cases) {
    const stream = open(session, ECHO, { 'grpc-encoding': 'gzip', 'grpc-accept-encoding': accept })
    const reply = collect(stream)
    stream.end(frame(gzipSync(message), COMPRESSED))
    const { data, headers, status } = await reply
    assert.equal(status, '0')
    assert.equal(data[0], flags)
    assert.equal(headers['grpc-encoding'], encoding)
  }
})

test('a call that names an encoding may still send messages as they are', async t => {
  const bed = await startBed(t, { [ECHO]: echo })
  const stream = open(rawSession(t, bed.port), ECHO, {
    'grpc-encoding': 'snappy',
    'grpc-accept-encoding': 'gzip',
  })
  const reply = collect(stream)
  stream.end(frame(Buffer.alloc(2000)))
  const { status, data } = await reply
  assert.equal(status, '0')
  assert.equal(data[0], 0)
})

for (const [name, encoding, message, status] of [
  ['an unknown encoding', 'snappy', Buffer.from('x'), '12'],
  ['no encoding', undefined, Buffer.from('x'), '13'],
  ['identity', 'identity', Buffer.from('x'), '13'],
  ['bytes that are not what they say', 'gzip', deflateSync('x'), '13'],
  ['a bomb', 'gzip', gzipSync(Buffer.alloc(20_000_000)), '8'],
] as const) {
  for (const path of [ECHO, CHAT]) {
    test(`a compressed message with ${name} fails ${path}`, async t => {
      const bed = await startBed(t, { [ECHO]: echo, [CHAT]: chat }, { maxMessageBytes: 1_000_000 })
      const stream = open(rawSession(t, bed.port), path, { 'grpc-encoding': encoding })
      const reply = collect(stream)
      stream.end(frame(message, COMPRESSED))
      const { headers, ...rest } = await reply
      assert.equal(rest.status, status)
      assert.equal(headers['grpc-accept-encoding'], 'identity,deflate,gzip')
    })
  }
}

test('messages that take time to decompress keep their order, and the next ones wait', async t => {
  const bed = await startBed(t, { [CHAT]: chat })
  const session = rawSession(t, bed.port)
  const stream = open(session, CHAT, { 'grpc-encoding': 'gzip' })
  const reply = collect(stream)
  const messages = Array.from({ length: 40 }, (_, index) =>
    Buffer.alloc(index % 2 === 0 ? 200_000 : 2, index),
  )
  for (const message of messages) {
    const isCompressed = message.length > 2
    const bytes = frame(isCompressed ? gzipSync(message) : message, isCompressed ? COMPRESSED : 0)
    await new Promise<void>(resolve => stream.write(bytes, () => resolve()))
  }
  stream.end()
  const { data, status } = await reply
  assert.equal(status, '0')
  assert.deepEqual(unframe(data), messages)
})

test('a call that is cancelled while it decompresses gives everything back', async t => {
  const bed = await startBed(t, { [ECHO]: echo, [CHAT]: chat }, { maxInFlightBytes: 12_000_000 })
  const session = rawSession(t, bed.port)
  const compressed = frame(gzipSync(Buffer.alloc(10_000_000)), COMPRESSED)
  for (const path of [ECHO, CHAT, ECHO, CHAT]) {
    const stream = open(session, path, { 'grpc-encoding': 'gzip', 'grpc-timeout': '1m' })
    const reply = collect(stream)
    stream.write(compressed)
    stream.end(path === CHAT ? compressed : undefined)
    assert.equal((await reply).status, '4')
  }
  assert.deepEqual(
    (await bed.finished(4)).map(({ code }) => code),
    [4, 4, 4, 4],
  )
  const stream = open(session, ECHO)
  const reply = collect(stream)
  stream.end(frame(Buffer.alloc(12_000_000)))
  assert.equal((await reply).status, '0')
})

test('what a message grows to counts against the bytes in flight', async t => {
  const bed = await startBed(t, { [ECHO]: echo }, { maxInFlightBytes: 1_000_000 })
  const session = rawSession(t, bed.port)
  const send = (message: Buffer) => {
    const stream = open(session, ECHO, { 'grpc-encoding': 'gzip' })
    const reply = collect(stream)
    stream.end(frame(gzipSync(message), COMPRESSED))
    return reply
  }
  assert.equal((await send(Buffer.alloc(2_000_000))).status, '8')
  // Given back: the same again and again, and it fits.
  for (let round = 0; round < 5; round++) assert.equal((await send(Buffer.alloc(900_000))).status, '0')
})
