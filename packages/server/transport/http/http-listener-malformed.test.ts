import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HttpRoute } from './http-types.ts'
import { errorOf, exchangeRaw, openRaw, startListener, text } from './listener-fixture.ts'

const OK: HttpRoute = { method: 'GET', path: '/', handle: () => text(200, 'ok') }

for (const [name, request] of [
  ['no HTTP', '\x16\x03\x01\x02\x00'],
  ['an unknown method', 'FETCH / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a header without a colon', 'GET / HTTP/1.1\r\nHost a\r\n\r\n'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx'],
  [
    'a length and chunks',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
  ],
  ['a length that is no number', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n'],
] as const) {
  test(`${name} is 400 in the protocol’s form, and the connection ends`, async t => {
    const { port } = await startListener(t, [OK])
    const answer = await exchangeRaw(t, port, request)
    assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n.*Connection: close\r\n\r\n\{/s)
    const { code, error } = errorOf(answer)
    assert.equal(code, 'INVALID_ARGUMENT')
    assert.match(error, /^malformed HTTP\/1\.1 request: ./)
  })
}

test('a client that keeps sending after nonsense gets one answer', async t => {
  const { port } = await startListener(t, [OK])
  const client = openRaw(t, port).send('nonsense\r\n\r\n')
  await client.until(/\}$/)
  client.send('more nonsense\r\n\r\n')
  assert.equal((await client.untilClosed()).match(/HTTP\/1\.1 400/g)?.length, 1)
})

test('nonsense behind a good request is answered after it', async t => {
  const gate = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const slow: HttpRoute = {
    method: 'GET',
    path: '/slow',
    async handle() {
      begun.resolve()
      await gate.promise
      return text(200, 'slow')
    },
  }
  const { port } = await startListener(t, [slow])
  const client = openRaw(t, port).send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n')
  await begun.promise
  gate.resolve()
  assert.match(await client.untilClosed(), /^HTTP\/1\.1 200 .*slowHTTP\/1\.1 400 .*\}$/s)
})

test('nothing runs behind an answer that ends the connection', async t => {
  let calls = 0
  const count: HttpRoute = {
    method: 'GET',
    path: '/count',
    handle() {
      calls += 1
      return text(200, 'counted')
    },
  }
  const { port } = await startListener(t, [count], { limits: { maxBodyBytes: 10 } })
  const request = 'GET /count HTTP/1.1\r\nHost: a\r\n'
  const answer = await exchangeRaw(
    t,
    port,
    `${request}Content-Length: 70000\r\n\r\n${'x'.repeat(70_000)}${request}\r\n`,
  )
  assert.match(answer, /^HTTP\/1\.1 413 /)
  assert.equal(calls, 0)
})

test('a client that resets its connection is nobody’s error', async t => {
  const { port, listener } = await startListener(t, [OK])
  const client = openRaw(t, port).send('GET / HT')
  client.socket.resetAndDestroy()
  await client.closed
  assert.match(await exchangeRaw(t, port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'), /ok$/)
  await listener.close(1000)
})

test('a request line cut short is answered, for those who read', async t => {
  const { port } = await startListener(t, [OK])
  const client = openRaw(t, port).send('GET / HT')
  client.socket.end()
  assert.match(await client.untilClosed(), /^HTTP\/1\.1 499 .*CANCELLED/s)
})
