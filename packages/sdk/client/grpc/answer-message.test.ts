import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AnswerMessage } from './answer-message.ts'
import { frame } from './http2-server-fixture.ts'

function chunksOf(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map(cut => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b)
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end))
}

test('a message is the same however it is cut, and its data aligned where it is copied', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.nat(), { maxLength: 6 }),
      fc.integer({ min: -1, max: 20 }),
      fc.boolean(),
      (message, cuts, payloadAt, isCompressed) => {
        let isCopied = false
        const answer = new AnswerMessage(200, () => {
          isCopied = true
          return payloadAt
        })
        assert.equal(answer.isEmpty, true)
        for (const chunk of chunksOf(frame(message, isCompressed ? 1 : 0), cuts)) answer.add(chunk)
        assert.deepEqual(new Uint8Array(answer.bytes!), message)
        assert.equal(answer.isCompressed, isCompressed)
        assert.equal(answer.isEmpty, false)
        if (isCopied && payloadAt >= 0) assert.equal((answer.bytes!.byteOffset + payloadAt) % 8, 0)
        assert.throws(() => answer.add(Buffer.of(0)), { code: 'UNIMPLEMENTED' })
      },
    ),
  )
})

test('a message that lies in one chunk is not copied', () => {
  const chunk = frame(Buffer.of(1, 2, 3))
  const answer = new AnswerMessage(10, undefined)
  answer.add(chunk)
  assert.equal(answer.bytes!.buffer, chunk.buffer)
})

test('a part of a message is none', () => {
  const bytes = frame(Buffer.of(1, 2, 3))
  for (let length = 0; length < bytes.length; length++) {
    const answer = new AnswerMessage(10, undefined)
    answer.add(bytes.subarray(0, length))
    assert.equal(answer.bytes, undefined)
    assert.equal(answer.isEmpty, length === 0)
  }
})

function add(...bytes: number[]): void {
  new AnswerMessage(10, undefined).add(Buffer.from(bytes))
}

test('what is no message, or too large, is refused with its first bytes', () => {
  assert.throws(() => add(2, 0, 0, 0, 0), { code: 'INTERNAL', message: /flags 2; allowed are 0 and 1/ })
  assert.throws(() => add(0, 0, 0, 0, 11), {
    code: 'RESOURCE_EXHAUSTED',
    message: 'the answer has 11 bytes; allowed are 10',
  })
  assert.throws(() => add(0, 0, 0, 0, 1, 1, 2), { code: 'UNIMPLEMENTED', message: /more than one message/ })
})
