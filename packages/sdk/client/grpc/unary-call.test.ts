import assert from 'node:assert/strict'
import { getEventListeners, once } from 'node:events'
import { constants, type IncomingHttpHeaders } from 'node:http2'
import { suite, test } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import { echo, frame, respond, startBed } from './http2-server-fixture.ts'
import { isNeverSent } from './never-sent.ts'

const MIB = 1_048_576

function fail(): never {
  throw new Error('of mine')
}

suite('what is sent', () => {
  test('headers of the client and of the call, and the timeout', async t => {
    const seen: IncomingHttpHeaders[] = []
    const { ask, target } = await startBed(
      t,
      (stream, headers) => {
        seen.push(headers)
        echo(stream, headers)
      },
      { headers: { a: '1', b: '1' }, timeoutMs: 1500 },
    )
    await ask()
    await ask(Buffer.of(1), { timeoutMs: 70_000, headers: { B: '2', 'trace-bin': 'AAEC/w==' } })
    const [first, second] = seen
    assert.equal(first![':authority'], target)
    assert.equal(first![':path'], '/test.Service/Method')
    assert.equal(first!['te'], 'trailers')
    assert.equal(first!['content-type'], 'application/grpc')
    assert.deepEqual([first!['a'], first!['b'], first!['grpc-timeout']], ['1', '1', '1500m'])
    assert.deepEqual([second!['a'], second!['b'], second!['grpc-timeout']], ['1', '2', '70000m'])
    assert.equal(second!['trace-bin'], 'AAEC/w==')
  })

  test('messages of every size arrive as they are, there and back', async t => {
    const { ask } = await startBed(t, echo)
    for (const sizeBytes of [0, 1, 16_379, 16_384, 16_385, 100_000, 20 * MIB]) {
      const message = Buffer.alloc(sizeBytes, 7)
      const answer = await ask([message.subarray(0, 3), Buffer.alloc(0), message.subarray(3)])
      assert.ok(answer.equals(message), `${sizeBytes} bytes`)
    }
  })

  test('many at once go over one connection, also more than the server takes at a time', async t => {
    const { ask, server, connectionCount } = await startBed(t, echo)
    server.updateSettings({ maxConcurrentStreams: 3 })
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => ask(Buffer.of(index))))
    assert.deepEqual(
      answers.map(answer => answer[0]),
      Array.from({ length: 50 }, (_, index) => index),
    )
    assert.equal(connectionCount(), 1)
  })
})

suite('answers', () => {
  test("a status is an error with the server's own text, in trailers and without a message", async t => {
    const { ask } = await startBed(t, (stream, { a }) => {
      const trailers = {
        'grpc-status': '8',
        'grpc-message': 'voll: %C3%BC 100%',
        'grpc-status-details-bin': 'AAAA',
        'grpc-retry-pushback-ms': '250',
      }
      if (a === 'only')
        stream.respond({ 'content-type': 'application/grpc', ...trailers }, { endStream: true })
      else respond(stream, Buffer.alloc(0), { ...trailers, 'grpc-message': 'voll: %C3%BC' })
    })
    await assert.rejects(ask(), { code: 'RESOURCE_EXHAUSTED', message: 'voll: ü', retryAfterMs: 250 })
    await assert.rejects(ask(Buffer.of(1), { headers: { a: 'only' } }), {
      code: 'RESOURCE_EXHAUSTED',
      // Not encoded right, so shown as it is.
      message: 'voll: %C3%BC 100%',
      retryAfterMs: 250,
    })
  })

  test('compressed messages are read up to the limit', async t => {
    const message = Buffer.alloc(5000, 1)
    const replies: Record<string, [string | undefined, Buffer]> = {
      gzip: ['gzip', gzipSync(message)],
      deflate: ['deflate', deflateSync(message)],
      bomb: ['gzip', gzipSync(Buffer.alloc(MIB))],
      garbage: ['gzip', Buffer.of(1, 2, 3)],
      snappy: ['snappy', Buffer.of(1)],
      none: [undefined, Buffer.of(1)],
    }
    const { ask } = await startBed(
      t,
      (stream, { kind }) => {
        const [encoding, bytes] = replies[String(kind)]!
        respond(
          stream,
          frame(bytes, 1),
          { 'grpc-status': '0' },
          encoding ? { 'grpc-encoding': encoding } : {},
        )
      },
      { maxResponseBytes: 5000 },
    )
    const reply = (kind: string) => ask(Buffer.of(1), { headers: { kind } })
    assert.deepEqual(await reply('gzip'), message)
    assert.deepEqual(await reply('deflate'), message)
    await assert.rejects(reply('bomb'), { code: 'RESOURCE_EXHAUSTED', message: /allowed are 5000/ })
    await assert.rejects(reply('garbage'), { code: 'INTERNAL', message: /cannot be decompressed as gzip/ })
    await assert.rejects(reply('snappy'), { code: 'UNIMPLEMENTED', message: /'snappy'; allowed are/ })
    await assert.rejects(reply('none'), { code: 'INTERNAL', message: /has no grpc-encoding/ })
  })

  const BROKEN = {
    'no message': [Buffer.alloc(0), 'UNIMPLEMENTED', /sent no message/],
    'two messages': [
      Buffer.concat([frame(Buffer.of(1)), frame(Buffer.of(2))]),
      'UNIMPLEMENTED',
      /more than one/,
    ],
    'half a message': [frame(Buffer.of(1, 2)).subarray(0, 6), 'INTERNAL', /middle of a message/],
    'half a prefix': [Buffer.of(0, 0), 'INTERNAL', /middle of a message/],
    'odd flags': [frame(Buffer.of(1), 9), 'INTERNAL', /flags 9/],
    'too many bytes': [frame(Buffer.alloc(1001)), 'RESOURCE_EXHAUSTED', /has 1001 bytes; allowed are 1000/],
  } as const
  for (const [what, [body, code, message]] of Object.entries(BROKEN)) {
    test(what, async t => {
      const { ask } = await startBed(t, stream => respond(stream, body), { maxResponseBytes: 1000 })
      await assert.rejects(ask(), (error: Error) => {
        assert.equal((error as { code?: unknown }).code, code)
        assert.match(error.message, message)
        assert.equal(isNeverSent(error), false)
        return true
      })
    })
  }

  for (const [status, code] of [
    [400, 'INTERNAL'],
    [401, 'UNAUTHENTICATED'],
    [403, 'PERMISSION_DENIED'],
    [404, 'UNIMPLEMENTED'],
    [429, 'UNAVAILABLE'],
    [503, 'UNAVAILABLE'],
    [500, 'UNKNOWN'],
    [200, 'UNKNOWN'],
  ] as const) {
    test(`HTTP status ${status} of a server that does not speak gRPC`, async t => {
      const { ask } = await startBed(t, stream => {
        stream.respond({ ':status': status, 'content-type': 'text/html' })
        stream.end('<html>')
      })
      await assert.rejects(ask(), {
        code,
        message: `the server answered with HTTP status ${status} and content-type 'text/html', which is not gRPC`,
      })
    })
  }

  test('an answer without a status', async t => {
    const { ask } = await startBed(t, stream => {
      stream.respond({ 'content-type': 'application/grpc' })
      stream.end(frame(Buffer.of(1)))
    })
    await assert.rejects(ask(), { code: 'INTERNAL', message: /ended without a status/ })
  })

  test('an answer may come before the request has left', async t => {
    const { ask } = await startBed(t, stream => {
      // Takes nothing more than what its window holds.
      stream.pause()
      stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(frame(Buffer.of(5)))
    })
    assert.deepEqual([...(await ask([Buffer.alloc(20 * MIB)]))], [5])
  })

  test('a request that is cut short without a status', async t => {
    const { ask } = await startBed(t, stream => {
      stream.respond({ 'content-type': 'application/grpc' })
      stream.end()
      stream.on('finish', () => stream.close(constants.NGHTTP2_NO_ERROR))
    })
    await assert.rejects(ask([Buffer.alloc(20 * MIB)]), { code: 'INTERNAL', message: /without a status/ })
  })
})

suite('the end', () => {
  test('by the timeout and by the signal, which the server sees', async t => {
    const gone: Promise<unknown>[] = []
    const arrived = Promise.withResolvers<void>()
    const { ask } = await startBed(t, stream => {
      gone.push(once(stream, 'aborted'))
      stream.resume()
      if (gone.length === 2) arrived.resolve()
    })
    await assert.rejects(ask(Buffer.of(1), { timeoutMs: 30 }), {
      code: 'DEADLINE_EXCEEDED',
      message: 'the server did not answer within 30 ms',
    })
    const controller = new AbortController()
    const asked = ask(Buffer.alloc(30 * MIB), { signal: controller.signal })
    await arrived.promise
    assert.equal(getEventListeners(controller.signal, 'abort').length, 1)
    controller.abort('enough')
    await assert.rejects(asked, { code: 'CANCELLED', message: 'the call was withdrawn', cause: 'enough' })
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
    await Promise.all(gone)
    await assert.rejects(ask(Buffer.of(1), { signal: controller.signal }), { code: 'CANCELLED' })
    await assert.rejects(ask(Buffer.of(1), { timeoutMs: 0 }), {
      code: 'INVALID_ARGUMENT',
      message: /is 0; it/,
    })
  })

  test('a call that ended leaves nothing on its signal', async t => {
    const { ask } = await startBed(t, echo)
    const { signal } = new AbortController()
    await Promise.all(Array.from({ length: 10 }, () => ask(Buffer.of(1), { signal })))
    assert.equal(getEventListeners(signal, 'abort').length, 0)
  })

  for (const [name, code] of [
    ['NGHTTP2_CANCEL', 'CANCELLED'],
    ['NGHTTP2_ENHANCE_YOUR_CALM', 'RESOURCE_EXHAUSTED'],
    ['NGHTTP2_INADEQUATE_SECURITY', 'PERMISSION_DENIED'],
    ['NGHTTP2_INTERNAL_ERROR', 'INTERNAL'],
  ] as const) {
    test(`a reset with ${name}`, async t => {
      const { ask } = await startBed(t, stream => stream.close(constants[name]))
      await assert.rejects(ask(), (error: Error) => {
        assert.equal((error as { code?: unknown }).code, code)
        assert.match(error.message, /reset the call with code \d+ of HTTP\/2/)
        assert.equal(isNeverSent(error), false)
        return true
      })
    })
  }

  test('a call that was refused unread is made once more, and then given back', async t => {
    let refusedCount = 0
    let most = 1
    const { ask } = await startBed(t, (stream, headers) => {
      if (refusedCount >= most) return echo(stream, headers)
      refusedCount++
      stream.close(constants.NGHTTP2_REFUSED_STREAM)
    })
    assert.deepEqual([...(await ask(Buffer.of(4)))], [4])
    most = 3
    await assert.rejects(ask(), error => {
      assert.match(String(error), /refused the call before it looked at it/)
      return isNeverSent(error)
    })
    assert.equal(refusedCount, 3)
  })

  test('a call behind the last one of a server that leaves is made on a new connection', async t => {
    let count = 0
    const { ask, connectionCount } = await startBed(t, (stream, headers) => {
      if (++count !== 2) return echo(stream, headers)
      // As if this one had not been looked at.
      stream.session!.goaway(constants.NGHTTP2_NO_ERROR, 1)
    })
    assert.deepEqual([...(await ask(Buffer.of(3)))], [3])
    assert.deepEqual([...(await ask(Buffer.of(4)))], [4])
    assert.equal(connectionCount(), 2)
  })

  test('a server that leaves answers what it has, and the next call connects anew', async t => {
    const { ask, connectionCount } = await startBed(t, (stream, headers) => {
      if (connectionCount() === 1) stream.session!.close()
      echo(stream, headers)
    })
    assert.deepEqual([...(await ask(Buffer.of(1)))], [1])
    assert.deepEqual([...(await ask(Buffer.of(2)))], [2])
    assert.equal(connectionCount(), 2)
  })

  test('a connection that breaks takes its calls along, which may have been processed', async t => {
    const { ask, connectionCount } = await startBed(t, (stream, headers) => {
      if (connectionCount() === 1) stream.session!.destroy()
      else echo(stream, headers)
    })
    await assert.rejects(ask(), error => {
      assert.match(String(error), /the connection to 127\.0\.0\.1:\d+ broke off/)
      assert.equal((error as { code?: unknown }).code, 'UNAVAILABLE')
      return !isNeverSent(error)
    })
    assert.deepEqual([...(await ask(Buffer.of(2)))], [2])
  })

  test('what encoding and decoding throw', async t => {
    const { caller } = await startBed(t, echo)
    const method = caller.method('/test.Service/Method')
    const error = { code: 'INTERNAL', message: 'the call failed for a reason that is not known' }
    await assert.rejects(
      method({}, fail, answer => answer),
      error,
    )
    await assert.rejects(
      method({}, () => [Buffer.of(1)], fail),
      error,
    )
  })
})
