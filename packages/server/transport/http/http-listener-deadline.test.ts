import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import type { HttpRequest, HttpRoute } from './http-types.ts'
import { bytes, errorOf, openRaw, request, startListener, text } from './listener-fixture.ts'

const HOST = 'Host: a\r\n'
const QUICK: HttpRoute = { method: 'GET', path: '/quick', handle: async () => text(200, 'quick') }

/** A route whose requests are handed to the test, which settles them. */
function manualRoute(): {
  route: HttpRoute
  calls: { request: HttpRequest; settle: PromiseWithResolvers<ReturnType<typeof text>> }[]
  called: Promise<void>
} {
  const called = Promise.withResolvers<void>()
  const calls: { request: HttpRequest; settle: PromiseWithResolvers<ReturnType<typeof text>> }[] = []
  const route: HttpRoute = {
    method: 'POST',
    path: '/manual',
    handle(incoming) {
      const settle = Promise.withResolvers<ReturnType<typeof text>>()
      calls.push({ request: incoming, settle })
      called.resolve()
      return settle.promise
    },
  }
  return { route, calls, called: called.promise }
}

async function reasonOf(signal: AbortSignal): Promise<ServingError> {
  if (!signal.aborted) await once(signal, 'abort')
  assert.ok(signal.reason instanceof ServingError)
  return signal.reason
}

test('a handler that never settles is answered for at the deadline, and makes room', async t => {
  const { route, calls } = manualRoute()
  const { url, nextObservation } = await startListener(t, [route, QUICK], {
    limits: { requestTimeoutMs: 30, maxConcurrentRequests: 1, maxInFlightBytes: 10 },
  })
  for (let count = 0; count < 3; count++) {
    const { status, text: body } = await request(`${url}/manual`, { method: 'POST', body: 'x'.repeat(10) })
    assert.equal(status, 504)
    assert.deepEqual(errorOf(body), { code: 'DEADLINE_EXCEEDED', error: 'no response within 30 ms' })
    assert.equal((await nextObservation()).status, 504)
  }
  assert.equal(calls.length, 3)
  assert.equal((await request(`${url}/quick`)).text, 'quick')
})

test('the signal is aborted at the deadline, which the handler can read', async t => {
  const { route, calls, called } = manualRoute()
  const beforeMs = Date.now()
  const { url } = await startListener(t, [route], { limits: { requestTimeoutMs: 50 } })
  const answer = request(`${url}/manual`, { method: 'POST' })
  await called
  const [call] = calls
  assert.ok(call !== undefined)
  assert.ok(call.request.deadlineMs >= beforeMs + 50 && call.request.deadlineMs <= Date.now() + 51)
  assert.equal((await reasonOf(call.request.signal)).code, 'DEADLINE_EXCEEDED')
  assert.equal((await answer).status, 504)
})

test('a handler that fails because it was aborted does not spoil the answer', async t => {
  const route: HttpRoute = {
    method: 'GET',
    path: '/',
    async handle({ signal }) {
      await once(signal, 'abort')
      throw new Error('aborted')
    },
  }
  const { port } = await startListener(t, [route], { limits: { requestTimeoutMs: 20 } })
  const client = openRaw(t, port)
  for (let count = 0; count < 3; count++) {
    client.received = ''
    client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`)
    assert.match(await client.until(/\}$/), /^HTTP\/1\.1 504 .*Connection: keep-alive/s)
  }
})

test('what a handler does after its deadline is dropped', async t => {
  const { route, calls } = manualRoute()
  const { url } = await startListener(t, [route, QUICK], { limits: { requestTimeoutMs: 20 } })
  for (let count = 0; count < 3; count++) {
    assert.equal((await request(`${url}/manual`, { method: 'POST' })).status, 504)
  }
  const discarded = Promise.withResolvers<void>()
  const lateStream = {
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.resolve({ done: false as const, value: bytes('late') }),
      return() {
        discarded.resolve()
        return Promise.resolve({ done: true as const, value: undefined })
      },
    }),
  }
  calls[0]?.settle.resolve(text(200, 'late'))
  calls[1]?.settle.reject(new Error('late'))
  calls[2]?.settle.resolve({ status: 200, body: lateStream })
  await discarded.promise
  // A signal asked for only now knows what happened.
  assert.equal(calls[0]?.request.signal.aborted, true)
  await assert.rejects(calls[0]?.request.body() ?? Promise.resolve(), { code: 'DEADLINE_EXCEEDED' })
  assert.equal((await request(`${url}/quick`)).text, 'quick')
})

test('a body that is too slow is 408', async t => {
  const errors: unknown[] = []
  const handle: HttpRoute['handle'] = async incoming => {
    await incoming.body().catch((error: unknown) => errors.push(error))
    return text(200, 'late')
  }
  const { port, nextObservation } = await startListener(t, [{ method: 'POST', path: '/slow', handle }], {
    limits: { requestTimeoutMs: 30 },
  })
  const client = openRaw(t, port).send(`POST /slow HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\nhal`)
  const answer = await client.until(/\}$/)
  assert.match(answer, /^HTTP\/1\.1 408 .*Connection: close/s)
  assert.equal(errorOf(answer).error, 'request body did not arrive within 30 ms')
  assert.equal((await nextObservation()).status, 408)
  assert.equal((errors[0] as ServingError).httpStatus, 408)
  client.socket.end()
  await client.closed
})

test('a client that goes away aborts the signal, and its place is kept until the handler settles', async t => {
  const { route, calls, called } = manualRoute()
  const { port, url, nextObservation } = await startListener(t, [route, QUICK], {
    limits: { maxConcurrentRequests: 1 },
  })
  const client = openRaw(t, port).send(`POST /manual HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`)
  await called
  const [call] = calls
  assert.ok(call !== undefined)
  const aborted = reasonOf(call.request.signal)
  client.socket.destroy()
  assert.equal((await aborted).code, 'CANCELLED')
  const observation = await nextObservation()
  assert.deepEqual([observation.status, observation.route], [499, '/manual'])
  assert.equal((await request(`${url}/quick`)).status, 503)
  await nextObservation()
  call.settle.resolve(text(200, 'nobody listens'))
  await call.settle.promise
  assert.equal((await request(`${url}/quick`)).text, 'quick')
})

test('the place of a client that went away is free at the deadline at the latest', async t => {
  const { route, calls, called } = manualRoute()
  const other = manualRoute()
  const { port, url, nextObservation } = await startListener(
    t,
    [route, { ...other.route, path: '/other', isExemptFromLimits: true }, QUICK],
    { limits: { maxConcurrentRequests: 1, requestTimeoutMs: 50 } },
  )
  const client = openRaw(t, port).send(`POST /manual HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`)
  await called
  client.socket.destroy()
  assert.equal((await nextObservation()).status, 499)
  assert.equal(calls.length, 1)
  // Times out after the one above: deadlines pass in order.
  assert.equal((await request(`${url}/other`, { method: 'POST' })).status, 504)
  assert.equal((await request(`${url}/quick`)).text, 'quick')
})

test('a body cut short is CANCELLED, and a client that still reads is told', async t => {
  const rejected = Promise.withResolvers<unknown>()
  const aborted = Promise.withResolvers<unknown>()
  const handle: HttpRoute['handle'] = async incoming => {
    incoming.signal.addEventListener('abort', () => aborted.resolve(incoming.signal.reason))
    try {
      return text(200, String((await incoming.body()).byteLength))
    } catch (error) {
      rejected.resolve(error)
      throw error
    }
  }
  const { port, nextObservation } = await startListener(t, [{ method: 'POST', path: '/cut', handle }])
  for (const head of ['Content-Length: 10\r\n\r\nhal', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhal']) {
    const client = openRaw(t, port).send(`POST /cut HTTP/1.1\r\n${HOST}${head}`)
    client.socket.end()
    const answer = await client.untilClosed()
    assert.match(answer, /^HTTP\/1\.1 499 /)
    assert.equal(errorOf(answer).code, 'CANCELLED')
    assert.equal((await nextObservation()).status, 499)
  }
  assert.equal(((await rejected.promise) as ServingError).code, 'CANCELLED')
  assert.equal(((await aborted.promise) as ServingError).code, 'CANCELLED')
})

test('a client that dies while it sends its body aborts it', async t => {
  const reading = Promise.withResolvers<void>()
  const rejected = Promise.withResolvers<unknown>()
  const handle: HttpRoute['handle'] = async incoming => {
    const body = incoming.body()
    reading.resolve()
    await body.catch(rejected.resolve)
    return text(200, '')
  }
  const { port, nextObservation } = await startListener(t, [{ method: 'POST', path: '/die', handle }])
  const client = openRaw(t, port).send(`POST /die HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\nhal`)
  await reading.promise
  client.socket.resetAndDestroy()
  assert.equal(((await rejected.promise) as ServingError).code, 'CANCELLED')
  assert.equal((await nextObservation()).status, 499)
})

const CHUNKS: HttpRoute = {
  method: 'POST',
  path: '/chunks',
  handle: async incoming => text(200, String((await incoming.body()).byteLength)),
}

test('a broken chunk is 400 and ends the connection', async t => {
  const { port } = await startListener(t, [CHUNKS])
  const client = openRaw(t, port)
  client.send(`POST /chunks HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n`)
  const answer = await client.untilClosed()
  assert.match(answer, /^HTTP\/1\.1 400 .*Connection: close/s)
  assert.match(errorOf(answer).error, /^malformed HTTP\/1\.1 request: /)
})

test('a handler with a time limit of its own is waited for, and keeps its place until it is done', async t => {
  const { route, calls, called } = manualRoute()
  const { url } = await startListener(t, [{ ...route, hasOwnTimeLimit: true }, QUICK], {
    limits: { requestTimeoutMs: 20, maxConcurrentRequests: 1 },
  })
  const answer = request(`${url}/manual`, { method: 'POST', body: 'x' })
  await called
  const [{ request: incoming, settle }] = calls as [(typeof calls)[0]]
  while (Date.now() < incoming.deadlineMs + 20) await new Promise(resolve => void setTimeout(resolve, 5))
  assert.equal(incoming.signal.aborted, false)
  assert.equal((await request(`${url}/quick`)).status, 503)
  settle.resolve(text(200, 'at last'))
  assert.equal((await answer).text, 'at last')
  assert.equal((await request(`${url}/quick`)).text, 'quick')
})

test('its client may leave, and the handler is waited for as long as any other', async t => {
  const { route, calls, called } = manualRoute()
  const { port, url } = await startListener(t, [{ ...route, hasOwnTimeLimit: true }, QUICK], {
    limits: { requestTimeoutMs: 20, maxConcurrentRequests: 1 },
  })
  const client = openRaw(t, port)
  client.send(`POST /manual HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`)
  await called
  client.socket.destroy()
  assert.equal((await reasonOf(calls[0]!.request.signal)).code, 'CANCELLED')
  // It never settles: its place is free again all the same.
  while ((await request(`${url}/quick`)).status !== 200);
})

test('a client that does not send its body is not waited for longer than elsewhere', async t => {
  const route: HttpRoute = {
    method: 'POST',
    path: '/',
    hasOwnTimeLimit: true,
    async handle(incoming) {
      await incoming.body()
      return text(200, 'read')
    },
  }
  const { port } = await startListener(t, [route], { limits: { requestTimeoutMs: 20 } })
  const client = openRaw(t, port)
  client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nab`)
  assert.match(await client.untilClosed(), /^HTTP\/1\.1 408 /)
})
