import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { HttpRoute } from './http-types.ts'
import { openRaw, startListener } from './listener-fixture.ts'

const SIZE_BYTES = 900_000
const SENT = new Uint8Array(SIZE_BYTES).map((_, index) => index % 251)

/** Echoes each body, and keeps it. */
function keepingEcho(isRequestBodyDone: boolean | undefined): { route: HttpRoute; kept: Uint8Array[] } {
  const kept: Uint8Array[] = []
  return {
    kept,
    route: {
      method: 'POST',
      path: '/echo',
      async handle(incoming) {
        const body = await incoming.body(3)
        kept.push(body)
        return { status: 200, body: [body.subarray(0, 10), body.subarray(10)], isRequestBodyDone }
      },
    },
  }
}

const bodies: { readonly [how: string]: RequestInit } = {
  'of known length': { body: SENT },
  'in chunks': { body: new Blob([SENT]).stream(), duplex: 'half' },
  compressed: { body: gzipSync(SENT), headers: { 'content-encoding': 'gzip' } },
}

for (const [how, init] of Object.entries(bodies)) {
  test(`the memory of a body ${how} is freed behind the response, once its handler has said so`, async t => {
    const { route, kept } = keepingEcho(true)
    const { url, nextObservation } = await startListener(t, [route], { isCompressionEnabled: false })
    const response = await fetch(`${url}/echo`, { method: 'POST', ...init })
    assert.deepEqual(new Uint8Array(await response.arrayBuffer()), SENT)
    await nextObservation()
    await setImmediate()
    assert.equal(kept[0]?.byteLength, 0)
  })
}

test('a body in one piece is freed as well, and the connection goes on', async t => {
  const { route, kept } = keepingEcho(true)
  const { url, nextObservation } = await startListener(t, [route])
  for (const text of ['one', 'another', 'and a third']) {
    const response = await fetch(`${url}/echo`, { method: 'POST', body: text })
    assert.equal(await response.text(), text)
    await nextObservation()
  }
  await setImmediate()
  assert.deepEqual(
    kept.map(body => body.byteLength),
    [0, 0, 0],
  )
})

test('without that word the memory stays with whoever keeps it', async t => {
  const { route, kept } = keepingEcho(undefined)
  const { url, nextObservation } = await startListener(t, [route])
  await fetch(`${url}/echo`, { method: 'POST', body: SENT }).then(response => response.arrayBuffer())
  await nextObservation()
  await setImmediate()
  assert.deepEqual(kept[0], Buffer.from(SENT))
})

test('a client that reads slowly gets every byte of a response that shows its body', async t => {
  const { route, kept } = keepingEcho(true)
  const { port, nextObservation } = await startListener(t, [route], {
    limits: { maxBodyBytes: 10_000_000 },
    isCompressionEnabled: false,
  })
  const client = openRaw(t, port, 12_000_000)
  client.socket.pause()
  const body = Buffer.alloc(8_000_000, SENT)
  client.socket.write(
    `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.byteLength}\r\nConnection: close\r\n\r\n`,
  )
  client.socket.write(body)
  // More than the system takes at once: what is left is read out of the body's memory later.
  while (kept.length === 0) await setImmediate()
  await setImmediate()
  assert.equal(kept[0]?.byteLength, body.byteLength)
  client.socket.resume()
  const answer = await client.untilClosed()
  assert.equal(answer.length - answer.indexOf('\r\n\r\n') - 4, body.byteLength)
  await nextObservation()
  await setImmediate()
  assert.equal(kept[0]?.byteLength, 0)
})

test('a response that breaks off leaves the memory alone', async t => {
  const { route, kept } = keepingEcho(true)
  const { port, nextObservation } = await startListener(t, [route], {
    limits: { maxBodyBytes: 10_000_000 },
    isCompressionEnabled: false,
  })
  const { socket } = openRaw(t, port)
  socket.pause()
  const body = Buffer.alloc(8_000_000, SENT)
  socket.write(`POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.byteLength}\r\n\r\n`)
  socket.write(body)
  while (kept.length === 0) await setImmediate()
  socket.destroy()
  await once(socket, 'close')
  await nextObservation()
  await setImmediate()
  assert.equal(kept[0]?.byteLength, body.byteLength)
})

test('memory that the handler has transferred is not missed', async t => {
  const { url, nextObservation } = await startListener(t, [
    {
      method: 'POST',
      path: '/move',
      async handle(incoming) {
        const { buffer } = await incoming.body()
        structuredClone(buffer, { transfer: [buffer as ArrayBuffer] })
        return { status: 204, isRequestBodyDone: true }
      },
    },
  ])
  const response = await fetch(`${url}/move`, { method: 'POST', body: SENT })
  assert.equal(response.status, 204)
  await nextObservation()
})
