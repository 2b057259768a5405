import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import { listenHttp } from './http-listener.ts'
import type { HttpRequest, HttpResponse, HttpRoute } from './http-types.ts'
import {
  bytes,
  errorOf,
  LIMITS,
  openRaw,
  type RawClient,
  startListener,
  text,
  toErrorResponse,
} from './listener-fixture.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const OK: HttpRoute = { method: 'GET', path: '/', handle: () => text(200, 'ok') }

/** Long enough that a test that waits for it would be noticed as hanging. */
const LONG_MS = 60_000

function gated(): {
  route: HttpRoute
  begun: Promise<HttpRequest>
  answer: (response: HttpResponse) => void
} {
  const begun = Promise.withResolvers<HttpRequest>()
  const response = Promise.withResolvers<HttpResponse>()
  const handle: HttpRoute['handle'] = incoming => {
    begun.resolve(incoming)
    return response.promise
  }
  return { route: { method: 'GET', path: '/', handle }, begun: begun.promise, answer: response.resolve }
}

test('says where it listens', async t => {
  const { listener } = await startListener(t, [OK])
  assert.equal(listener.host, '127.0.0.1')
  assert.ok(listener.port > 0)
})

test('a port that is taken is the system’s error', async t => {
  const { port } = await startListener(t, [OK])
  const options = {
    host: '127.0.0.1',
    port,
    limits: LIMITS,
    routes: [],
    toErrorResponse,
    isCompressionEnabled: true,
  }
  await assert.rejects(listenHttp(options), { code: 'EADDRINUSE', port })
  const nowhere = { ...options, host: '203.0.113.1', port: 0 }
  await assert.rejects(listenHttp(nowhere), { code: 'EADDRNOTAVAIL' })
})

test('a limit that limits nothing is refused', async () => {
  const limits = { ...LIMITS, maxBodyBytes: 0 }
  const options = {
    host: '127.0.0.1',
    port: 0,
    limits,
    routes: [],
    toErrorResponse,
    isCompressionEnabled: true,
  }
  await assert.rejects(listenHttp(options), { name: 'RangeError', message: /maxBodyBytes/ })
})

test('close lets what runs finish, says so, and takes nothing new', async t => {
  const { route, begun, answer } = gated()
  const { listener, port } = await startListener(t, [route])
  const client = openRaw(t, port).send(GET)
  await begun
  const closed = listener.close(LONG_MS)
  const late = openRaw(t, port)
  await late.closed
  assert.equal(late.received, '')
  answer(text(200, 'finished'))
  assert.match(await client.untilClosed(), /^HTTP\/1\.1 200 .*Connection: close.*finished$/s)
  await closed
})

test('close ends idle and unused connections at once', async t => {
  const { listener, port } = await startListener(t, [OK])
  const idle = openRaw(t, port).send(GET)
  await idle.until(/ok$/)
  const unused = openRaw(t, port)
  await once(unused.socket, 'connect')
  // The listener has seen both when it has answered a third.
  await openRaw(t, port).send(GET).until(/ok$/)
  await listener.close(LONG_MS)
  await Promise.all([idle.closed, unused.closed])
})

test('close is idempotent, and a second call may shorten the grace', async t => {
  const { route, begun } = gated()
  const { listener, port } = await startListener(t, [route])
  const client = openRaw(t, port).send(GET)
  await begun
  await Promise.all([listener.close(LONG_MS), listener.close(0)])
  await listener.close(LONG_MS)
  await client.closed
})

test('after the grace what still runs is aborted as UNAVAILABLE, and its client told', async t => {
  const { route, begun } = gated()
  const { listener, port, nextObservation } = await startListener(t, [route])
  const client = openRaw(t, port).send(GET)
  const { signal } = await begun
  await listener.close(1)
  assert.ok(signal.reason instanceof ServingError)
  assert.equal(signal.reason.code, 'UNAVAILABLE')
  const answer = await client.untilClosed()
  assert.match(answer, /^HTTP\/1\.1 503 .*Connection: close/s)
  assert.equal(errorOf(answer).code, 'UNAVAILABLE')
  assert.equal((await nextObservation()).status, 503)
})

test('after the grace a stream breaks off, and its iterable is closed', async t => {
  const ended = Promise.withResolvers<unknown>()
  const stream = async function* (signal: AbortSignal): AsyncGenerator<Uint8Array> {
    try {
      yield bytes('one')
      await once(signal, 'abort')
      yield bytes('two')
    } finally {
      ended.resolve(signal.reason)
    }
  }
  const { listener, port } = await startListener(t, [
    { method: 'GET', path: '/', handle: ({ signal }) => ({ status: 200, body: stream(signal) }) },
  ])
  const client = openRaw(t, port).send(GET)
  await client.until(/one/)
  await listener.close(1)
  assert.equal(((await ended.promise) as ServingError).code, 'UNAVAILABLE')
  assert.doesNotMatch(await client.untilClosed(), /0\r\n\r\n$/)
})

test('a stream that ends in time ends its connection', async t => {
  const gate = Promise.withResolvers<void>()
  const stream = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes('one')
    await gate.promise
  }
  const { listener, port } = await startListener(t, [
    { method: 'GET', path: '/', handle: () => ({ status: 200, body: stream() }) },
  ])
  const client = openRaw(t, port).send(GET)
  await client.until(/one/)
  const closed = listener.close(LONG_MS)
  gate.resolve()
  assert.match(await client.untilClosed(), /0\r\n\r\n$/)
  await closed
})

test('while it drains, an open connection gets refusals, but for exempt routes', async t => {
  const gate = Promise.withResolvers<void>()
  const reached: string[] = []
  const slow: HttpRoute = {
    method: 'GET',
    path: '/',
    async handle() {
      await gate.promise
      return text(200, 'slow')
    },
  }
  const live: HttpRoute = {
    method: 'GET',
    path: '/live',
    isExemptFromLimits: true,
    handle({ path }) {
      reached.push(path)
      return text(200, 'live')
    },
  }
  const other: HttpRoute = { ...live, path: '/other', isExemptFromLimits: false }
  const twoStarted = Promise.withResolvers<void>()
  const fourStarted = Promise.withResolvers<void>()
  let startedCount = 0
  const onStart = (): void => {
    startedCount += 1
    if (startedCount === 2) twoStarted.resolve()
    if (startedCount === 4) fourStarted.resolve()
  }
  const { listener, port, nextObservation } = await startListener(t, [slow, live, other], { onStart })
  const client = openRaw(t, port).send(GET)
  const probe = openRaw(t, port).send(GET)
  await twoStarted.promise
  const closed = listener.close(LONG_MS)
  client.send('GET /other HTTP/1.1\r\nHost: a\r\n\r\n')
  probe.send('GET /live HTTP/1.1\r\nHost: a\r\n\r\n')
  await fourStarted.promise
  gate.resolve()
  // The response that was due first ends its connection; the one behind it was prepared in vain.
  for (const { received } of [await ended(client), await ended(probe)]) {
    assert.match(received, /^HTTP\/1\.1 200 .*Connection: close\r\n.*\r\n\r\nslow$/s)
  }
  await closed
  const outcomes = new Map<string, number>()
  for (let count = 0; count < 4; count++) {
    const { path, status } = await nextObservation()
    outcomes.set(path, status)
  }
  assert.deepEqual(Object.fromEntries(outcomes), { '/': 200, '/live': 200, '/other': 503 })
  assert.deepEqual(reached, ['/live'])
})

async function ended(client: RawClient): Promise<RawClient> {
  await client.closed
  return client
}

test('a keep-alive agent is told in time', async t => {
  const { listener, port } = await startListener(t, [OK])
  const agent = new Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  await new Promise<void>((resolve, reject) => {
    get({ port, host: '127.0.0.1', agent }, response => {
      response.resume()
      response.on('end', resolve)
    }).on('error', reject)
  })
  await listener.close(LONG_MS)
})
