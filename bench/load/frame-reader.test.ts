import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FRAME, type Frame, FrameReader, frameHeader } from './frame-reader.ts'

const WINDOW = Buffer.concat([frameHeader(4, FRAME.windowUpdate, 0, 7), Buffer.of(0, 1, 0, 0)])
const DATA = Buffer.concat([frameHeader(300, FRAME.data, 1, 5), Buffer.alloc(300, 1)])
const EMPTY = frameHeader(0, FRAME.settings, 1, 0)
const BYTES = Buffer.concat([WINDOW, DATA, EMPTY, WINDOW])

function read(chunks: readonly Buffer[]): Frame[] {
  const frames: Frame[] = []
  const reader = new FrameReader(frame => frames.push(frame))
  // One piece of memory for all, as a socket reads.
  const memory = Buffer.alloc(BYTES.length)
  for (const chunk of chunks) {
    chunk.copy(memory)
    reader.push(memory, chunk.length)
  }
  return frames
}

test('frames are the same however the bytes arrive', () => {
  const expected: Frame[] = [
    { type: FRAME.windowUpdate, flags: 0, streamId: 7, lengthBytes: 4, payload: Buffer.of(0, 1, 0, 0) },
    { type: FRAME.data, flags: 1, streamId: 5, lengthBytes: 300, payload: Buffer.alloc(0) },
    { type: FRAME.settings, flags: 1, streamId: 0, lengthBytes: 0, payload: Buffer.alloc(0) },
    { type: FRAME.windowUpdate, flags: 0, streamId: 7, lengthBytes: 4, payload: Buffer.of(0, 1, 0, 0) },
  ]
  assert.deepEqual(read([BYTES]), expected)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: BYTES.length })), cuts => {
      const edges = [0, ...cuts.toSorted((left, right) => left - right), BYTES.length]
      const chunks = edges.slice(1).map((edge, index) => BYTES.subarray(edges[index], edge))
      assert.deepEqual(read(chunks), expected)
    }),
  )
})

test('a frame is handed over only when it is whole', () => {
  assert.deepEqual(read([WINDOW.subarray(0, -1)]), [])
})

test('the reserved bit of a stream is no part of its number', () => {
  assert.equal(read([frameHeader(0, FRAME.data, 0, 0x8000_0003)])[0]!.streamId, 3)
})
