import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { BODY_BYTES_MAX, type Frame, HEADER_BYTES_MAX } from './frame.ts'
import { createFrameReader } from './frame-reader.ts'
import { createFrameWriter } from './frame-writer.ts'

interface Message {
  readonly kind: number
  readonly call: number
  readonly header: unknown
  readonly buffers: readonly Uint8Array[]
}

/** What the writer puts on a socket. */
function written(messages: readonly Message[]): Buffer {
  const parts = messages.map(({ kind, call, header, buffers }) => {
    const socket = new PassThrough()
    createFrameWriter(socket).send(kind, call, header, buffers)
    return socket.read() as Buffer
  })
  return Buffer.concat(parts)
}

function read(pieces: readonly Buffer[]): Frame[] {
  const frames: Frame[] = []
  const reader = createFrameReader(frame => frames.push(frame))
  for (const piece of pieces) reader.push(piece)
  return frames
}

const numbers = (_key: string, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)

const message = fc.record({
  kind: fc.constantFrom(33, 35, 38, 43),
  call: fc.nat(0xff_ff_ff_ff),
  header: fc.jsonValue({ maxDepth: 2 }),
  buffers: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 3 }),
})

test('frames arrive as they were sent, in whatever pieces the bytes come', () => {
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 5 }),
      fc.array(fc.nat(60), { maxLength: 60 }),
      (messages, sizes) => {
        const bytes = written(messages)
        const pieces: Buffer[] = []
        let offset = 0
        for (const size of sizes) {
          pieces.push(bytes.subarray(offset, offset + size))
          offset += size
        }
        pieces.push(bytes.subarray(offset))
        const frames = read(pieces)
        assert.equal(frames.length, messages.length)
        for (const [index, { kind, call, header, buffers }] of messages.entries()) {
          const frame = frames[index]!
          assert.deepEqual([frame.kind, frame.call], [kind, call])
          assert.equal(JSON.stringify(frame.header, numbers), JSON.stringify(header))
          assert.equal(frame.body.byteOffset % 8, 0)
          let start = 0
          for (const buffer of buffers) {
            assert.deepEqual(
              Buffer.from(frame.body.subarray(start, start + buffer.length)),
              Buffer.from(buffer),
            )
            start += buffer.length + (-buffer.length & 7)
          }
        }
      },
    ),
  )
})

test('whole numbers that are too long for a number are exact', () => {
  const [frame] = read([
    written([
      { kind: 35, call: 1, header: [2n ** 64n, -(2n ** 60n), 1.5, '12345678901234567890'], buffers: [] },
    ]),
  ])
  assert.deepEqual(frame!.header, [2n ** 64n, -(2n ** 60n), 1.5, '12345678901234567890'])
})

const prefix = (kind: number, headerBytes: number, bodyBytes: number) => {
  const bytes = Buffer.alloc(16)
  for (const [index, value] of [kind, 1, headerBytes, bodyBytes].entries())
    bytes.writeUInt32LE(value, index * 4)
  return bytes
}

test('what is beyond the limits is refused before memory is taken for it', () => {
  const table: [Buffer, string][] = [
    [prefix(1, 0, 0), 'a frame of kind 1, which does not exist'],
    [
      prefix(35, HEADER_BYTES_MAX + 1, 0),
      `a frame with a header of ${HEADER_BYTES_MAX + 1} bytes; at most ${HEADER_BYTES_MAX} are allowed`,
    ],
    [
      prefix(35, 0, BODY_BYTES_MAX + 1),
      `a frame with a body of ${BODY_BYTES_MAX + 1} bytes; at most ${BODY_BYTES_MAX} are allowed`,
    ],
  ]
  for (const [bytes, text] of table) assert.throws(() => read([bytes]), { message: text })
  assert.throws(() => read([Buffer.concat([prefix(35, 3, 0), Buffer.from('{x}     ')])]), SyntaxError)
})
