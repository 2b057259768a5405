import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import type { HttpRoute } from './http-types.ts'
import { HttpRefusal } from './listener-errors.ts'
import { errorOf, exchangeRaw, openRaw, request, startListener, text } from './listener-fixture.ts'

const open: HttpRoute = { method: 'GET', path: '/open', handle: () => text(200, 'open') }

/** A route that remembers what reached it. */
function watched() {
  const bodies: string[] = []
  const headers: Readonly<{ [name: string]: string }>[] = []
  const route: HttpRoute = {
    method: 'POST',
    path: '/closed/:name',
    async handle(http) {
      headers.push(http.headers)
      bodies.push(Buffer.from(await http.body()).toString())
      return text(200, http.params['name'] ?? '')
    },
  }
  return { route, bodies, headers }
}

const refusal = () =>
  new HttpRefusal('UNAUTHENTICATED', 'who are you?', 401, { 'www-authenticate': 'Bearer' })

for (const isAsync of [false, true]) {
  const kind = isAsync ? 'a check that takes its time' : 'a check that knows at once'

  test(`${kind} lets requests through without what it has used`, async t => {
    const { route, bodies, headers } = watched()
    const { url } = await startListener(t, [route, open], {
      admissionOf: ({ path }) =>
        path === '/open'
          ? null
          : head => {
              delete head.headers['authorization']
              return isAsync ? Promise.resolve() : undefined
            },
    })
    const init = { method: 'POST', body: 'hello', headers: { authorization: 'Bearer x', 'x-own': 'kept' } }
    const answer = await request(`${url}/closed/a`, init)
    assert.deepEqual([answer.status, answer.text, bodies], [200, 'a', ['hello']])
    assert.equal(headers[0]?.['authorization'], undefined)
    assert.equal(headers[0]?.['x-own'], 'kept')
    assert.equal((await request(`${url}/open`)).status, 200)
  })

  test(`${kind} refuses before the body is read, and the connection goes on after a small one`, async t => {
    const { route, bodies } = watched()
    const { port, url, nextObservation } = await startListener(t, [route, open], {
      admissionOf: ({ path }) =>
        path === '/open'
          ? null
          : () => {
              if (isAsync) return Promise.reject(refusal())
              throw refusal()
            },
    })
    const answer = await request(`${url}/closed/a`, { method: 'POST', body: 'hello' })
    assert.equal(answer.status, 401)
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
    assert.equal(errorOf(answer.text).error, 'who are you?')
    assert.equal((await nextObservation()).route, '/closed/:name')

    const client = openRaw(t, port)
    client.send('POST /closed/a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello')
    await client.until(/who are you/)
    client.received = ''
    client.send('GET /open HTTP/1.1\r\nHost: x\r\n\r\n')
    await client.until(/open$/)
    assert.deepEqual(bodies, [])
  })

  test(`${kind}: a client that waits for 100 Continue is refused without being asked for its body`, async t => {
    const { route } = watched()
    const { port } = await startListener(t, [route], {
      admissionOf: () => () => {
        if (isAsync) return Promise.reject(refusal())
        throw refusal()
      },
    })
    const head =
      'POST /closed/a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 900000\r\n\r\n'
    const received = await exchangeRaw(t, port, head)
    assert.match(received, /^HTTP\/1\.1 401 /)
    assert.match(received, /connection: close/i)
    assert.doesNotMatch(received, /100 Continue/)
  })
}

test('a check that hangs loses its place at the deadline, and its handler is never asked', async t => {
  const { route, bodies } = watched()
  const asked = Promise.withResolvers<void>()
  const { url } = await startListener(t, [route], {
    limits: { requestTimeoutMs: 100, maxConcurrentRequests: 1 },
    admissionOf: () => () => asked.promise,
  })
  const init = { method: 'POST', body: 'hello' }
  assert.equal((await request(`${url}/closed/a`, init)).status, 504)
  asked.resolve()
  assert.equal((await request(`${url}/closed/b`, init)).status, 200)
  assert.deepEqual(bodies, ['hello'])
})

test('routes are asked about once, when the listener opens', async t => {
  let count = 0
  const { url } = await startListener(t, [open], {
    admissionOf: () => {
      count += 1
      return null
    },
  })
  await request(`${url}/open`)
  assert.equal(count, 1)
})

test('an error of the check itself is one of the server', async t => {
  const { url } = await startListener(t, [open], {
    admissionOf: () => () => {
      throw new TypeError('a defect')
    },
  })
  const answer = await request(`${url}/open`)
  assert.equal(answer.status, 500)
  assert.doesNotMatch(answer.text, /a defect/)
  assert.equal(ServingError.is(refusal()), true)
})

test('routes that come and go are checked as well, and asked about once', async t => {
  const { route, bodies } = watched()
  const asked: string[] = []
  const { url } = await startListener(t, [open], {
    changingRoutes: () => [route],
    admissionOf({ path }) {
      asked.push(path)
      return path === '/open'
        ? null
        : () => {
            throw refusal()
          }
    },
  })
  for (let round = 0; round < 2; round++) {
    assert.equal((await request(`${url}/closed/a`, { method: 'POST', body: 'hello' })).status, 401)
  }
  assert.deepEqual(asked, ['/open', '/closed/:name'])
  assert.deepEqual(bodies, [])
})
