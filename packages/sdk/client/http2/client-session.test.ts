import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { type FrameListener, FrameReader } from './frame-reader.ts'
import { controlFrame, FLAG, FRAME, settingsFrame, writeFrameHeader } from './frames.ts'
import { ClientSession } from './index.ts'

const SETTINGS = settingsFrame([])
/** `:status: 200` of the static table. */
const OK = frame(FRAME.headers, FLAG.endHeaders, 1, [0x88])

function frame(type: number, flags: number, streamId: number, payload: readonly number[]): Buffer {
  const bytes = Buffer.alloc(9 + payload.length)
  writeFrameHeader(bytes, 0, payload.length, type, flags, streamId)
  bytes.set(payload, 9)
  return bytes
}

/** A server that says what a test has it say, and a session with one request. */
async function startSession(t: TestContext, body = Buffer.of(1)) {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await once(socket, 'connect')
  const [peer] = await accepted
  peer.on('error', () => {}).resume()
  const ready = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<Error | undefined>()
  const session = new ClientSession(socket, {
    onReady: ready.resolve,
    onGoaway: () => {},
    onClose: closed.resolve,
  })
  t.after(() => {
    session.destroy()
    peer.destroy()
    server.close()
  })
  peer.write(SETTINGS)
  await ready.promise
  const told: string[] = []
  const over = Promise.withResolvers<void>()
  const request = { fixed: { ':path': '/p' }, varying: [], body: [body], sizeBytes: body.length }
  const stream = session.open(request, {
    onResponse: fields => told.push(`response ${fields.get(':status')}`),
    onData: bytes => told.push(`data ${[...bytes].join()}`),
    onTrailers: fields => told.push(`trailers ${fields.size}`),
    onClosed: () => over.resolve(),
  })
  return { session, peer, stream, told, over: over.promise, closed: closed.promise }
}

test('padding, priorities and frames of unknown types are skipped', async t => {
  const { peer, told, over, stream } = await startSession(t)
  peer.write(
    Buffer.concat([
      frame(0x77, 0, 0, [1, 2, 3]),
      frame(FRAME.headers, FLAG.endHeaders, 1, [0x08, 3, 0x31, 0x30, 0x33]),
      frame(FRAME.headers, FLAG.endHeaders | FLAG.padded | FLAG.priority, 1, [2, 0, 0, 0, 0, 9, 0x88, 0, 0]),
      frame(FRAME.data, FLAG.padded, 1, [3, 7, 8, 0, 0, 0]),
      frame(FRAME.data, 0, 1, []),
      frame(FRAME.headers, FLAG.endStream, 1, [0x40, 1, 0x61]),
      frame(FRAME.continuation, FLAG.endHeaders, 1, [1, 0x31]),
    ]),
  )
  await over
  assert.deepEqual(told, ['response 200', 'data 7,8', 'trailers 1'])
  assert.equal(stream.resetCode, 0)
})

test('what the server may not send ends the connection, with a reason', async t => {
  const many = Array.from({ length: 40 }, () => frame(FRAME.continuation, 0, 1, []))
  const breaches: Record<string, readonly [Buffer, RegExp]> = {
    'a stream that nobody has opened': [
      frame(FRAME.headers, FLAG.endHeaders, 3, [0x88]),
      /stream 3, which nobody/,
    ],
    'a stream of its own': [frame(FRAME.headers, FLAG.endHeaders, 2, [0x88]), /stream 2/],
    'a push': [frame(FRAME.pushPromise, FLAG.endHeaders, 1, [0, 0, 0, 2]), /a push/],
    'a body first': [frame(FRAME.data, 0, 1, [1]), /begins with its body/],
    'padding alone': [Buffer.concat([OK, frame(FRAME.data, FLAG.padded, 1, [9, 1])]), /all padding/],
    'a frame between parts of headers': [
      Buffer.concat([frame(FRAME.headers, 0, 1, [0x88]), frame(FRAME.data, 0, 1, [1])]),
      /in the wrong place/,
    ],
    'headers without an end': [Buffer.concat([frame(FRAME.headers, 0, 1, [0x88]), ...many]), /32 frames/],
    'a part of nothing': [frame(FRAME.continuation, FLAG.endHeaders, 1, []), /in the wrong place/],
    'a frame that is too large': [
      Buffer.concat([OK, frame(FRAME.data, 0, 1, []).fill(0xff, 0, 3)]),
      /a frame of 16777215 bytes; allowed are 262144/,
    ],
    'settings that are cut off': [frame(FRAME.settings, 0, 0, [0, 1, 0]), /cut off/],
    'a ping that is cut off': [frame(FRAME.ping, 0, 0, [1]), /a frame of 1 bytes; it takes 8/],
    'a window that is too large': [
      Buffer.concat([controlFrame(FRAME.windowUpdate, 0, 0, [2 ** 31 - 1])]),
      /a window beyond/,
    ],
    'headers that are none': [frame(FRAME.headers, FLAG.endHeaders, 1, [0xff, 0]), /a header/],
  }
  for (const [what, [bytes, reason]] of Object.entries(breaches)) {
    await t.test(what, async t => {
      const { peer, closed, over, stream } = await startSession(t)
      peer.write(bytes)
      assert.match(String(await closed), reason)
      await over
      assert.equal(stream.resetCode, undefined)
    })
  }
})

test('a server that asks on and on, and reads nothing, is left', async t => {
  const { peer, closed } = await startSession(t)
  peer.pause()
  const pings = Buffer.concat(Array.from({ length: 4000 }, () => controlFrame(FRAME.ping, 0, 0, [0, 0])))
  const send = (): void => {
    while (!peer.destroyed && peer.write(pings));
  }
  peer.on('drain', send)
  send()
  assert.match(String(await closed), /asks for more than it reads/)
})

test('a body waits for the windows of the server, and a call that was called off frees its memory', async t => {
  const { session, peer, stream } = await startSession(t, Buffer.alloc(200_000))
  let receivedBytes = 0
  const all = Promise.withResolvers<void>()
  peer.on('data', chunk => {
    receivedBytes += chunk.length
    if (receivedBytes > 100_000) all.resolve()
  })
  peer.write(controlFrame(FRAME.windowUpdate, 0, 0, [50_000]))
  peer.write(controlFrame(FRAME.windowUpdate, 0, 1, [50_000]))
  await all.promise
  assert.equal(stream.isSent, false)
  session.reset(stream, 8)
  await new Promise<void>(resolve => stream.whenReleased(resolve))
  assert.equal(stream.resetCode, 8)
  session.close()
  await once(peer, 'end')
})

function readFrames(chunks: readonly Buffer[]): unknown[] {
  const seen: unknown[] = []
  const data: number[] = []
  const listener: FrameListener = {
    onData: (_id, piece) => void data.push(...piece),
    onDataEnd: (id, length, isEnd) => seen.push(['data', id, length, isEnd, data.splice(0)]),
    onFrame: (type, flags, id, payload) => seen.push([type, flags, id, [...payload]]),
  }
  const reader = new FrameReader(1000, listener)
  for (const chunk of chunks) reader.read(chunk)
  return seen
}

test('frames are the same however they are cut', () => {
  const bytes = Buffer.concat([
    SETTINGS,
    OK,
    frame(FRAME.data, FLAG.padded, 1, [2, 5, 6, 7, 0, 0]),
    frame(FRAME.data, FLAG.endStream, 1, []),
    controlFrame(FRAME.ping, 0, 0, [1, 2]),
  ])
  const whole = readFrames([bytes])
  assert.equal(whole.length, 5)
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 10 }), cuts => {
      const ends = [...cuts.toSorted((a, b) => a - b), bytes.length]
      let start = 0
      const chunks = ends.map(end => bytes.subarray(start, (start = end)))
      assert.deepEqual(readFrames(chunks), whole)
    }),
  )
})
