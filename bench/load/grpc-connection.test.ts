import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream, type Settings } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { GrpcConnection } from './grpc-connection.ts'

type Answer = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, body: Buffer) => void

/** A gRPC server down to its frames, by the library that Node.js speaks HTTP/2 with. */
async function serving(t: TestContext, settings: Settings, answer: Answer): Promise<number> {
  const server = createServer({ settings })
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = []
    stream.on('error', () => {})
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => answer(stream, headers, Buffer.concat(chunks)))
  })
  const sessions = new Set<{ destroy(): void }>()
  server.on('session', session => sessions.add(session))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

function echo(stream: ServerHttp2Stream, body: Buffer): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.end(body)
}

interface Load {
  readonly answers: number
  readonly streams?: number
  readonly body?: Buffer
}

/** Resolves after so many answers, rejects at the first failure. */
function load(t: TestContext, port: number, { answers, streams = 1, body = Buffer.from('0000hello') }: Load) {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let count = 0
  const connection = new GrpcConnection(
    port,
    streams,
    { path: '/s.S/M', body, responseBodyBytes: body.length },
    { onAnswer: () => void (++count === answers && resolve()), onFailure: reject },
  )
  t.after(() => connection.close())
  return promise
}

test('every request has the same header, whether spelled out or referred to', async t => {
  const seen: IncomingHttpHeaders[] = []
  const port = await serving(t, {}, (stream, headers, body) => {
    seen.push({ ...headers })
    echo(stream, body)
  })
  await load(t, port, { answers: 3 })
  assert.equal(seen[0]![':path'], '/s.S/M')
  assert.equal(seen[0]!['content-type'], 'application/grpc')
  assert.equal(seen[0]!.te, 'trailers')
  assert.deepEqual(seen[1], seen[0])
  assert.deepEqual(seen[2], seen[0])
})

test('so many calls are open at a time, and no more', async t => {
  const open: (() => void)[] = []
  let most = 0
  const port = await serving(t, {}, (stream, _headers, body) => {
    open.push(() => echo(stream, body))
    most = Math.max(most, open.length)
    // Only when all have come are they answered.
    if (open.length === 8) for (const answer of open.splice(0)) answer()
  })
  await load(t, port, { answers: 24, streams: 8 })
  assert.equal(most, 8)
})

test('a body larger than every window arrives whole', async t => {
  const body = Buffer.alloc(1_000_000, 'abcdefg')
  const received: Buffer[] = []
  const port = await serving(t, { initialWindowSize: 1000 }, (stream, _headers, bytes) => {
    received.push(bytes)
    echo(stream, bytes)
  })
  await load(t, port, { answers: 3, streams: 2, body })
  for (const bytes of received.slice(0, 3)) assert.ok(bytes.equals(body))
})

test('a call that fails has no message, and fails the load', async t => {
  const port = await serving(t, {}, stream => {
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' },
      { endStream: true },
    )
  })
  await assert.rejects(load(t, port, { answers: 1 }), /an answer has 0 bytes; expected were 9/)
})

test('an answer of another length fails the load', async t => {
  const port = await serving(t, {}, (stream, _headers, body) => echo(stream, body.subarray(1)))
  await assert.rejects(load(t, port, { answers: 1 }), /an answer has 8 bytes; expected were 9/)
})

test('a call that the server resets fails the load', async t => {
  const port = await serving(t, {}, stream => stream.close(11))
  await assert.rejects(load(t, port, { answers: 1 }), /reset a call with code 11/)
})

test('a connection that the server ends fails the load', async t => {
  const port = await serving(t, {}, stream => stream.session?.goaway(2))
  await assert.rejects(load(t, port, { answers: 1 }), /ended the connection with code 2/)
})

test('a server that keeps no header table is refused, because the references would break', async t => {
  const port = await serving(t, { headerTableSize: 0 }, (stream, _headers, body) => echo(stream, body))
  await assert.rejects(load(t, port, { answers: 1 }), /header table has only 0 bytes/)
})
