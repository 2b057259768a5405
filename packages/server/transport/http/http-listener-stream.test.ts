import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import type { HttpRequest, HttpRoute } from './http-types.ts'
import { bytes, errorOf, exchangeRaw, openRaw, request, startListener } from './listener-fixture.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const GET_AND_CLOSE = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

function streaming(produce: (request: HttpRequest) => AsyncIterable<Uint8Array>): readonly HttpRoute[] {
  return [{ method: 'GET', path: '/', handle: incoming => ({ status: 200, body: produce(incoming) }) }]
}

test('each piece is sent as soon as it is there', async t => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const routes = streaming(async function* () {
    yield bytes('one;')
    await gates[0]?.promise
    yield bytes('')
    yield bytes('two;')
    await gates[1]?.promise
    yield bytes('three;')
  })
  const { port, nextObservation } = await startListener(t, routes)
  const client = openRaw(t, port).send(GET)
  assert.match(await client.until(/one;\r\n$/), /Transfer-Encoding: chunked/)
  gates[0]?.resolve()
  await client.until(/one;\r\n4\r\ntwo;\r\n$/)
  gates[1]?.resolve()
  await client.until(/6\r\nthree;\r\n0\r\n\r\n$/)
  assert.equal((await nextObservation()).status, 200)
})

test('a stream without pieces is an empty response', async t => {
  const { url } = await startListener(
    t,
    streaming(async function* () {}),
  )
  const { status, text } = await request(url)
  assert.deepEqual([status, text], [200, ''])
})

test('a failure before the first piece is an ordinary error', async t => {
  const { url } = await startListener(
    t,
    // oxlint-disable-next-line require-yield -- it fails before it could
    streaming(async function* () {
      throw new ServingError('NOT_FOUND', 'no such model')
    }),
  )
  const { status, text } = await request(url)
  assert.deepEqual([status, errorOf(text).code], [404, 'NOT_FOUND'])
})

test('a failure after the first piece breaks the response off', async t => {
  const { port, nextObservation } = await startListener(
    t,
    streaming(async function* () {
      yield bytes('one')
      throw new Error('broken')
    }),
  )
  const answer = await exchangeRaw(t, port, GET)
  assert.match(answer, /3\r\none\r\n$/)
  assert.equal((await nextObservation()).status, 200)
})

test('headers that are not valid end the stream and give an error', async t => {
  let isClosed = false
  const body = (async function* () {
    try {
      yield bytes('one')
    } finally {
      isClosed = true
    }
  })()
  const { url } = await startListener(t, [
    { method: 'GET', path: '/', handle: () => ({ status: 200, headers: { 'bad name': 'x' }, body }) },
  ])
  assert.equal((await request(url)).status, 500)
  assert.equal(isClosed, true)
})

test('a client that leaves ends the stream and aborts the signal', async t => {
  const closed = Promise.withResolvers<AbortSignal>()
  const { port, nextObservation } = await startListener(
    t,
    streaming(async function* ({ signal }) {
      try {
        for (;;) {
          yield bytes('more;')
          // Lets the event loop see the client leave.
          await new Promise(resolve => {
            setImmediate(resolve)
          })
        }
      } finally {
        closed.resolve(signal)
      }
    }),
  )
  const client = openRaw(t, port).send(GET)
  await client.until(/more;/)
  client.socket.destroy()
  const signal = await closed.promise
  assert.equal(signal.aborted, true)
  assert.equal((signal.reason as ServingError).code, 'CANCELLED')
  assert.equal((await nextObservation()).status, 200)
})

test('a client that leaves while the next piece is awaited is noticed at once', async t => {
  const returned = Promise.withResolvers<void>()
  let isFirst = true
  const iterator: AsyncIterator<Uint8Array> = {
    next() {
      if (!isFirst) return new Promise(() => {})
      isFirst = false
      return Promise.resolve({ done: false, value: bytes('one') })
    },
    return() {
      returned.resolve()
      return Promise.resolve({ done: true, value: undefined })
    },
  }
  const { port } = await startListener(
    t,
    streaming(() => ({ [Symbol.asyncIterator]: () => iterator })),
  )
  const client = openRaw(t, port).send(GET)
  await client.until(/one/)
  client.socket.destroy()
  await returned.promise
})

test('a stream waits for a client that does not read, and cuts it off in the end', async t => {
  const closed = Promise.withResolvers<void>()
  const piece = new Uint8Array(1_000_000)
  const total = 500
  let produced = 0
  const { port, nextObservation } = await startListener(
    t,
    streaming(async function* () {
      try {
        while (produced < total) {
          produced += 1
          yield piece
        }
      } finally {
        closed.resolve()
      }
    }),
    { limits: { requestTimeoutMs: 50 } },
  )
  const client = openRaw(t, port)
  client.socket.pause()
  client.send(GET)
  await closed.promise
  assert.ok(produced < total, `${produced} of ${total} pieces were made for a client that reads none`)
  assert.equal((await nextObservation()).status, 200)
})

test('a stream larger than all buffers arrives whole at a client that reads', async t => {
  const { url } = await startListener(
    t,
    streaming(async function* () {
      for (let count = 0; count < 100; count++) yield new Uint8Array(200_000).fill(120)
    }),
  )
  assert.equal((await request(url)).text.length, 20_000_000)
})

test('a stream that has begun may last longer than the deadline', async t => {
  const gate = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const { url, port } = await startListener(
    t,
    [
      ...streaming(async function* () {
        yield bytes('begun;')
        begun.resolve()
        await gate.promise
        yield bytes('ended;')
      }),
      { method: 'GET', path: '/never', handle: () => new Promise(() => {}) },
    ],
    { limits: { requestTimeoutMs: 40 } },
  )
  const client = openRaw(t, port).send(GET_AND_CLOSE)
  await begun.promise
  // Its deadline lies behind that of the stream.
  assert.equal((await request(`${url}/never`)).status, 504)
  gate.resolve()
  assert.match(await client.untilClosed(), /begun;.*ended;\r\n0\r\n\r\n$/s)
})

test('a first piece that does not come is a deadline like any other', async t => {
  const returned = Promise.withResolvers<void>()
  const iterator: AsyncIterator<Uint8Array> = {
    next: () => new Promise(() => {}),
    return() {
      returned.resolve()
      return Promise.resolve({ done: true, value: undefined })
    },
  }
  const { url } = await startListener(
    t,
    streaming(() => ({ [Symbol.asyncIterator]: () => iterator })),
    { limits: { requestTimeoutMs: 20, maxConcurrentRequests: 1 } },
  )
  assert.equal((await request(url)).status, 504)
  await returned.promise
  assert.equal((await request(url)).status, 504)
})

test('HEAD takes nothing from a stream but its headers', async t => {
  const returned = Promise.withResolvers<void>()
  const iterator: AsyncIterator<Uint8Array> = {
    next: () => Promise.reject(new Error('not reached')),
    return() {
      returned.resolve()
      return Promise.resolve({ done: true, value: undefined })
    },
  }
  const { url } = await startListener(
    t,
    streaming(() => ({ [Symbol.asyncIterator]: () => iterator })),
  )
  assert.equal((await request(url, { method: 'HEAD' })).status, 200)
  await returned.promise
})

test('HTTP/1.0 gets a stream that ends with the connection', async t => {
  const { port } = await startListener(
    t,
    streaming(async function* () {
      yield bytes('one;')
      yield bytes('two;')
    }),
  )
  const answer = await exchangeRaw(t, port, 'GET / HTTP/1.0\r\n\r\n')
  assert.match(answer, /Connection: close\r\n\r\none;two;$/)
})

test('a stream that pauses behind a large response on one connection is not cut off', async t => {
  const gate = Promise.withResolvers<void>()
  const { port, url } = await startListener(
    t,
    [
      ...streaming(async function* () {
        yield bytes('begun;')
        await gate.promise
        yield bytes('ended;')
      }),
      { method: 'GET', path: '/large', handle: () => ({ status: 200, body: new Uint8Array(20_000_000) }) },
      { method: 'GET', path: '/never', handle: () => new Promise(() => {}) },
    ],
    { limits: { requestTimeoutMs: 100 }, isCompressionEnabled: false },
  )
  const client = openRaw(t, port, 1000).send(`GET /large HTTP/1.1\r\nHost: a\r\n\r\n${GET_AND_CLOSE}`)
  await client.until(/begun;\r\n$/)
  // Its deadline lies behind the time in which a client has to read some of a response.
  assert.equal((await request(`${url}/never`)).status, 504)
  gate.resolve()
  assert.match(await client.untilClosed(), /ended;\r\n0\r\n\r\n$/)
})

test('a stream that pauses after its client has caught up is not cut off', async t => {
  const gate = Promise.withResolvers<void>()
  const { port, url } = await startListener(
    t,
    [
      ...streaming(async function* () {
        yield new Uint8Array(20_000_000)
        yield bytes('caught up;')
        await gate.promise
        yield bytes('ended;')
      }),
      { method: 'GET', path: '/never', handle: () => new Promise(() => {}) },
    ],
    { limits: { requestTimeoutMs: 100 } },
  )
  const client = openRaw(t, port, 1000).send(GET_AND_CLOSE)
  await client.until(/caught up;\r\n$/)
  assert.equal((await request(`${url}/never`)).status, 504)
  gate.resolve()
  assert.match(await client.untilClosed(), /ended;\r\n0\r\n\r\n$/)
})

test('a stream that hangs loses its place at a deadline after its client has left', async t => {
  const begun = Promise.withResolvers<void>()
  const { port, url, nextObservation } = await startListener(
    t,
    [
      ...streaming(async function* () {
        yield bytes('one')
        begun.resolve()
        await new Promise(() => {})
      }),
      { method: 'GET', path: '/quick', handle: () => ({ status: 204 }) },
      { method: 'GET', path: '/never', isExemptFromLimits: true, handle: () => new Promise(() => {}) },
    ],
    { limits: { requestTimeoutMs: 40, maxConcurrentRequests: 1 } },
  )
  const client = openRaw(t, port).send(GET)
  await begun.promise
  client.socket.destroy()
  await nextObservation()
  assert.equal((await request(`${url}/quick`)).status, 503)
  assert.equal((await request(`${url}/never`)).status, 504)
  assert.equal((await request(`${url}/quick`)).status, 204)
})
