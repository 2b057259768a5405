import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { createFrameWriter } from './frame-writer.ts'

/** A socket that takes nothing until it is told to. */
function slowSocket() {
  const waiting: (() => void)[] = []
  const pieces: Buffer[] = []
  const socket = new Writable({
    highWaterMark: 1,
    write(piece: Buffer, _encoding, done) {
      pieces.push(piece)
      waiting.push(() => done())
    },
    writev(chunks, done) {
      for (const { chunk } of chunks) pieces.push(chunk as Buffer)
      waiting.push(() => done())
    },
  })
  return { socket, pieces, take: () => waiting.shift()?.() }
}

const settled = () => new Promise<void>(resolve => setImmediate(resolve))
const large = new Uint8Array(300_000)

test('large bodies are not copied, and held until the socket has taken them', async () => {
  const { socket, pieces, take } = slowSocket()
  const writer = createFrameWriter(socket)
  const released: string[] = []
  writer.send(2, 1, null, [large]).whenReleased(() => released.push('large'))
  assert.deepEqual(released, [])
  await settled()
  assert.ok(pieces.some(piece => piece.buffer === large.buffer))
  take()
  await settled()
  take()
  await settled()
  assert.deepEqual(released, ['large'])
})

test('small ones are copied, so their memory is free at once', () => {
  const { socket } = slowSocket()
  const writer = createFrameWriter(socket)
  const released: string[] = []
  writer.send(2, 1, null, [large]).whenReleased(() => released.push('large'))
  writer.send(2, 2, null, [new Uint8Array(8)]).whenReleased(() => released.push('small'))
  assert.deepEqual(released, ['small'])
})

test('a frame that waits can be taken back, and is released; one that is on its way cannot', async () => {
  const { socket, pieces, take } = slowSocket()
  const writer = createFrameWriter(socket)
  const first = writer.send(2, 1, 'first', [large])
  const second = writer.send(2, 2, 'second', [large])
  assert.equal(first.withdraw(), false)
  let isReleased = false
  second.whenReleased(() => {
    isReleased = true
  })
  assert.equal(second.withdraw(), true)
  assert.equal(isReleased, true)
  assert.equal(second.withdraw(), false)
  for (let count = 0; count < 4; count++) {
    take()
    await settled()
  }
  const text = Buffer.concat(pieces).toString('latin1')
  assert.ok(text.includes('first') && !text.includes('second'))
})

test('what waits is released when the socket is gone', async t => {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const connected = once(server, 'connection')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await once(socket, 'connect')
  const [other] = (await connected) as [Socket]
  t.after(() => {
    other.destroy()
    server.close()
  })
  const writer = createFrameWriter(socket)
  // More than the kernel takes from one who reads nothing.
  const body = new Uint8Array(64 * 1024 * 1024)
  const released = [1, 2].map(call => {
    const { promise, resolve } = Promise.withResolvers<void>()
    writer.send(2, call, null, [body]).whenReleased(resolve)
    return promise
  })
  socket.destroy()
  await Promise.all(released)
})

test('a frame beyond the limits is refused', () => {
  const writer = createFrameWriter(slowSocket().socket)
  assert.throws(() => writer.send(2, 1, 'x'.repeat(16 * 1024 * 1024), []), {
    code: 'RESOURCE_EXHAUSTED',
    message:
      "the request's parameters and headers take 16777218 bytes; at most 16777216 go to a Python process",
  })
  const half = new Uint8Array(2 ** 29)
  assert.throws(() => writer.send(2, 1, null, [half, half, new Uint8Array(1)]), {
    code: 'RESOURCE_EXHAUSTED',
    message: "the request's tensors take 1073741825 bytes; at most 1073741824 go to a Python process",
  })
})
