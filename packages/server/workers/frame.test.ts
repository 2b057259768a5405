import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FrameReader, writeFrame } from './frame.ts'

const frames = fc.array(
  fc.record({
    message: fc.record(
      { text: fc.string(), count: fc.bigInt(), missing: fc.constant(undefined) },
      { noNullPrototype: true },
    ),
    blocks: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 4 },
)

test('frames are read however their bytes arrive', () => {
  fc.assert(
    fc.property(frames, fc.integer({ min: 1, max: 50 }), (sent, chunkBytes) => {
      const received: unknown[] = []
      const reader = new FrameReader((message, blocks) => {
        for (const block of blocks) assert.equal(block.byteOffset % 8, 0)
        received.push({ message, blocks: blocks.map(block => [...block]) })
      })
      const bytes = Buffer.concat(sent.flatMap(({ message, blocks }) => writeFrame(message, blocks)))
      for (let offset = 0; offset < bytes.length; offset += chunkBytes) {
        reader.read(bytes.subarray(offset, offset + chunkBytes))
      }
      assert.deepEqual(
        received,
        sent.map(({ message, blocks }) => ({ message, blocks: blocks.map(block => [...block]) })),
      )
    }),
  )
})

const reader = () => new FrameReader(() => assert.fail('this was no frame'))

test('bytes that are no frame are refused before memory is taken for them', () => {
  assert.throws(() => reader().read(Buffer.from('a line that a model printed\n')), /is no message/)
  const [prefix] = writeFrame({}, [])
  new DataView(prefix!.buffer).setFloat64(8, 2 ** 60)
  assert.throws(() => reader().read(prefix!), /is no message/)
})
