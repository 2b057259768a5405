import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import * as grpc from '@grpc/grpc-js'
import { ServingError } from '@millrace/sdk'
import type { GrpcUnaryHandler } from './grpc-types.ts'
import {
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

async function startUnary(t: TestContext, handle: GrpcUnaryHandler) {
  const bed = await startBed(t, { [ECHO]: { kind: 'unary', handle } })
  return { bed, client: grpcClient(t, bed.port) }
}

test('messages of every size come back as they were', async t => {
  const { client } = await startUnary(t, message => message)
  for (const sizeBytes of [0, 1, 5, 100, 16_379, 16_384, 65_536, 1_048_576, 20_000_000]) {
    const message = randomBytes(sizeBytes)
    assert.ok((await client.unary(ECHO, message)).equals(message), `${sizeBytes} bytes`)
  }
})

test('the pieces of an answer arrive in a row, empty ones too', async t => {
  const pieces = [0, 3, 0, 20_000, 1, 100_000, 0].map(sizeBytes => randomBytes(sizeBytes))
  const { client } = await startUnary(t, message => (message.length === 0 ? pieces : pieces.slice(0, 3)))
  assert.ok((await client.unary(ECHO, Buffer.alloc(0))).equals(Buffer.concat(pieces)))
  assert.ok((await client.unary(ECHO, Buffer.alloc(1))).equals(Buffer.concat(pieces.slice(0, 3))))
})

test('500 calls at once each get their own answer', async t => {
  const { client, bed } = await startUnary(t, async message => {
    await new Promise(resolve => setImmediate(resolve))
    return message
  })
  const sent = Array.from({ length: 500 }, (_, index) => Buffer.from(`message ${index}`))
  assert.deepEqual(await Promise.all(sent.map(message => client.unary(ECHO, message))), sent)
  assert.equal(
    (await bed.finished(500)).every(({ code }) => code === 0),
    true,
  )
})

test('a connection may have more answers waiting than node counts as memory by default', async t => {
  const { bed } = await startUnary(t, message => Buffer.alloc(message.length * 1_000_000))
  const session = rawSession(t, bed.port)
  const waiting = Array.from({ length: 30 }, () => open(session, ECHO))
  for (const stream of waiting) stream.end(frame(Buffer.alloc(1)))
  await Promise.all(waiting.map(stream => once(stream, 'response')))
  const stream = open(session, ECHO)
  const reply = collect(stream)
  stream.end(frame(Buffer.alloc(0)))
  assert.equal((await reply).status, '0')
  const late = await Promise.all(waiting.map(collect))
  assert.equal(
    late.every(({ data }) => data.length === 1_000_005),
    true,
  )
})

test('a handler sees metadata and the deadline, and sets trailers', async t => {
  let headers: Readonly<Record<string, string>> = {}
  let leftMs = 0
  const { client } = await startUnary(t, (message, call) => {
    headers = call.headers
    leftMs = call.deadlineMs - Date.now()
    call.setTrailer('X-Model', 'a')
    return message
  })
  const metadata = new grpc.Metadata()
  metadata.set('x-key', 'value')
  metadata.set('raw-bin', Buffer.from([0, 1]))
  const call = client.unary(ECHO, Buffer.from('m'), { deadline: Date.now() + 30_000 }, metadata)
  await call
  assert.equal((await call.status).metadata.get('x-model')[0], 'a')
  assert.equal(headers['x-key'], 'value')
  assert.equal(headers['raw-bin'], 'AAE=')
  assert.deepEqual(
    Object.keys(headers).filter(name => name.startsWith(':') || name.startsWith('grpc-')),
    [],
  )
  assert.ok(leftMs > 0 && leftMs <= 30_000)
})

test('the listener sets the deadline when the client does not', async t => {
  let leftMs = 0
  const { client } = await startUnary(t, (message, call) => {
    leftMs = call.deadlineMs - Date.now()
    return message
  })
  await client.unary(ECHO, Buffer.alloc(0))
  assert.ok(leftMs > 0 && leftMs <= 60_000)
})

test('a failing handler ends its call with a status, trailers included', async t => {
  const failures: Record<string, () => never> = {
    known: () => {
      throw new ServingError('NOT_FOUND', 'no model „größe“, 100%\n')
    },
    unknown: () => {
      throw new RangeError('secret')
    },
    nothing: () => {
      const nothing: unknown = undefined
      throw nothing
    },
  }
  const { client, bed } = await startUnary(t, (message, call) => {
    call.setTrailer('x-id', '1')
    const name = Buffer.from(message).toString()
    if (name.startsWith('late ')) return Promise.resolve().then(failures[name.slice(5)])
    return failures[name]?.() ?? message
  })
  for (const prefix of ['', 'late ']) {
    const call = client.unary(ECHO, Buffer.from(`${prefix}known`))
    await assert.rejects(call, { code: grpc.status.NOT_FOUND, details: 'no model „größe“, 100%\n' })
    assert.equal((await call.status).metadata.get('x-id')[0], '1')
    for (const name of ['unknown', 'nothing']) {
      await assert.rejects(client.unary(ECHO, Buffer.from(prefix + name)), {
        code: grpc.status.INTERNAL,
        details: 'the handler failed',
      })
    }
  }
  assert.deepEqual(
    (await bed.finished(6)).map(({ code }) => code),
    [5, 13, 13, 5, 13, 13],
  )
})

test('a trailer that cannot be sent fails the call that sets it', async t => {
  const { client } = await startUnary(t, (message, call) => {
    call.setTrailer('grpc-status', '0')
    return message
  })
  await assert.rejects(client.unary(ECHO, Buffer.alloc(0)), {
    code: grpc.status.INTERNAL,
    details: /reserved/,
  })
})

test('a status may be told to wait before the next attempt', async t => {
  const { client } = await startUnary(t, () => {
    throw new ServingError('UNAVAILABLE', 'loading', { retryAfterMs: 250.5 })
  })
  const call = client.unary(ECHO, Buffer.alloc(0))
  await assert.rejects(call, { code: grpc.status.UNAVAILABLE })
  assert.equal((await call.status).metadata.get('grpc-retry-pushback-ms')[0], '251')
})

test('every call is observed once, from start to finish', async t => {
  const { client, bed } = await startUnary(t, message => message)
  await client.unary(ECHO, Buffer.from('a'))
  await assert.rejects(client.unary('/no.Service/Method', Buffer.from('a')), {
    code: grpc.status.UNIMPLEMENTED,
    details: "method '/no.Service/Method' is not served here",
  })
  const [first, second] = await bed.finished(2)
  assert.ok(first && second && first.durationMs >= 0)
  const { durationMs: _first, ...answered } = first
  assert.deepEqual(answered, {
    service: 'test.Service',
    method: 'Echo',
    kind: 'unary',
    code: 0,
    messagesReceived: 1,
    messagesSent: 1,
  })
  const { durationMs: _second, ...unknown } = second
  assert.deepEqual(unknown, {
    service: 'unknown',
    method: 'unknown',
    kind: 'unary',
    code: 12,
    messagesReceived: 0,
    messagesSent: 0,
  })
  assert.deepEqual(bed.starts, ['unary test.Service/Echo', 'unary unknown/unknown'])
})

test('a large message lies where its method wants it', async t => {
  const bed = await startBed(t, {
    [ECHO]: {
      kind: 'unary',
      alignAt: head => head[0] ?? -1,
      handle: message => Buffer.from([(message.byteOffset + (message[0] ?? 0)) % 8]),
    },
  })
  const client = grpcClient(t, bed.port)
  for (let alignAt = 0; alignAt < 16; alignAt++) {
    assert.deepEqual(await client.unary(ECHO, Buffer.alloc(300_000, alignAt)), Buffer.from([0]))
  }
})

test('a message that outlives its call keeps its bytes', async t => {
  const kept: Uint8Array[] = []
  const { client } = await startUnary(t, message => {
    kept.push(message)
    return Buffer.alloc(0)
  })
  const sent = Array.from({ length: 200 }, () => randomBytes(1000))
  for (const message of sent) await client.unary(ECHO, message)
  assert.equal(
    kept.every((message, index) => sent[index]?.equals(message)),
    true,
  )
})

// What only a client that speaks HTTP/2 itself can send.

const malformed: readonly [string, readonly Buffer[], string, RegExp][] = [
  ['no message', [], '12', /no message/],
  ['two messages', [frame(Buffer.from('a')), frame(Buffer.from('b'))], '12', /more than one/],
  [
    'two messages at once',
    [Buffer.concat([frame(Buffer.from('a')), frame(Buffer.from('b'))])],
    '12',
    /more than one/,
  ],
  ['half a prefix', [Buffer.from([0, 0, 0])], '13', /middle of a message/],
  ['half a message', [frame(Buffer.from('ab'), 0, 10)], '13', /middle of a message/],
  [
    'a message and half a prefix',
    [frame(Buffer.from('a')), Buffer.from([0, 0])],
    '13',
    /middle of a message/,
  ],
  ['a message and garbage', [frame(Buffer.from('a')), Buffer.from('garbage')], '13', /flags 103/],
  ['garbage', [Buffer.from('GET / HTTP/1.1')], '13', /flags 71/],
  ['a message of 4 GiB', [frame(Buffer.alloc(0), 0, 2 ** 32 - 1)], '8', /4294967295 bytes/],
]

for (const [name, chunks, status, message] of malformed) {
  test(`${name} where one message belongs`, async t => {
    const { bed } = await startUnary(t, () => assert.fail('the handler must not be called'))
    const stream = open(rawSession(t, bed.port), ECHO)
    const reply = collect(stream)
    for (const chunk of chunks) stream.write(chunk)
    stream.end()
    const { headers, ...rest } = await reply
    assert.equal(rest.status, status)
    assert.match(rest.message, message)
    assert.equal(rest.rstCode, 0)
    assert.equal(headers[':status'], 200)
    assert.equal(headers['grpc-accept-encoding'], 'identity,deflate,gzip')
    assert.equal((await bed.finished(1))[0]?.code, Number(status))
  })
}

test('a message may come byte by byte', async t => {
  const { bed } = await startUnary(t, message => message)
  const stream = open(rawSession(t, bed.port), ECHO)
  const reply = collect(stream)
  for (const byte of frame(Buffer.from('message'))) {
    await new Promise<void>(resolve => stream.write(Buffer.from([byte]), () => resolve()))
  }
  stream.end()
  assert.deepEqual(unframe((await reply).data), [Buffer.from('message')])
})

test('headers of the protocol, and trailers after the data', async t => {
  const { bed } = await startUnary(t, message => message)
  const stream = open(rawSession(t, bed.port), ECHO, { 'content-type': 'application/grpc+proto' })
  const reply = collect(stream)
  stream.end(frame(Buffer.from('m')))
  const { headers, trailers, data } = await reply
  assert.equal(headers[':status'], 200)
  assert.equal(headers['content-type'], 'application/grpc')
  assert.equal(headers['grpc-accept-encoding'], 'identity,deflate,gzip')
  assert.equal(headers['grpc-encoding'], undefined)
  assert.deepEqual(data, frame(Buffer.from('m')))
  assert.deepEqual(Object.entries(trailers), [['grpc-status', '0']])
})

for (const [name, request, status] of [
  ['another content type', { 'content-type': 'application/json' }, 415],
  ['gRPC-Web', { 'content-type': 'application/grpc-web' }, 415],
  ['another encoding of messages', { 'content-type': 'application/grpc+json' }, 415],
  ['no content type', { 'content-type': undefined }, 415],
  ['another method', { ':method': 'PUT' }, 405],
  ['HEAD', { ':method': 'HEAD' }, 405],
] as const) {
  test(`${name} is refused as HTTP`, async t => {
    const { bed } = await startUnary(t, message => message)
    const session = rawSession(t, bed.port)
    const stream = open(session, ECHO, request)
    const reply = collect(stream)
    stream.end(name === 'HEAD' ? undefined : frame(Buffer.from('m')))
    assert.equal((await reply).headers[':status'], status)
    // The connection goes on.
    const next = open(session, ECHO)
    const answer = collect(next)
    next.end(frame(Buffer.from('n')))
    assert.equal((await answer).status, '0')
    assert.equal((await bed.finished(1)).length, 1)
  })
}

test('a method is only found by its exact path', async t => {
  const { bed } = await startUnary(t, message => message)
  const session = rawSession(t, bed.port)
  for (const path of ['/', `${ECHO}/`, ECHO.toLowerCase(), `${ECHO}?a=b`, `/${'x'.repeat(3000)}`]) {
    const stream = open(session, path)
    const reply = collect(stream)
    stream.end(frame(Buffer.from('m')))
    const { status, message } = await reply
    assert.equal(status, '12')
    assert.ok(message.length < 400)
  }
})

test('a path that is not a method cannot be served', async t => {
  for (const path of ['Service/Method', '/Service', '/a/b/c', '//Method', '']) {
    await assert.rejects(startBed(t, { [path]: echo }), {
      code: 'INTERNAL',
      message: /package\.Service\/Method/,
    })
  }
})
