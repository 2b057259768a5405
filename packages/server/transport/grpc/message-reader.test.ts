import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { frame } from './listener-fixture.ts'
import { MessageReader, type MessageReaderOptions } from './message-reader.ts'

function createReader(options: Partial<MessageReaderOptions> = {}): MessageReader {
  return new MessageReader({
    maxMessageBytes: 1_000_000,
    memory: { reserve: () => {} },
    alignAt: undefined,
    isSingle: false,
    ...options,
  })
}

function readAll(reader: MessageReader, chunks: readonly Buffer[]): Buffer[] {
  const messages: Buffer[] = []
  for (const chunk of chunks) {
    reader.add(chunk)
    for (let message = reader.take(); message !== undefined; message = reader.take())
      messages.push(message.bytes)
  }
  return messages
}

test('messages are the same however their bytes are cut into chunks', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 })
  const cuts = fc.array(fc.nat({ max: 300 }), { maxLength: 30 })
  fc.assert(
    fc.property(messages, cuts, fc.nat({ max: 40 }), (sent, cuts, alignAt) => {
      const bytes = Buffer.concat(sent.map(message => frame(message)))
      const places = [0, ...cuts.filter(cut => cut < bytes.length).sort((a, b) => a - b), bytes.length]
      const chunks = places.slice(1).map((end, index) => Buffer.from(bytes.subarray(places[index], end)))
      const reader = createReader({ alignAt: () => alignAt })
      assert.deepEqual(
        readAll(reader, chunks),
        sent.map(message => Buffer.from(message)),
      )
      assert.equal(reader.isInsideMessage, false)
    }),
  )
})

test('a message of several chunks lies where its method wants it, in memory of its own', () => {
  for (let alignAt = -1; alignAt < 20; alignAt++) {
    const bytes = frame(Buffer.alloc(1000, alignAt + 1))
    const heads: Uint8Array[] = []
    const reader = createReader({
      alignAt(head) {
        heads.push(Uint8Array.from(head))
        return alignAt
      },
    })
    const [message] = readAll(reader, [bytes.subarray(0, 305), bytes.subarray(305)])
    assert.ok(message)
    if (alignAt >= 0) assert.equal((message.byteOffset + alignAt) % 8, 0)
    assert.equal(message.length, 1000)
    assert.ok(message.buffer.byteLength < 1008)
    assert.deepEqual(heads, [new Uint8Array(300).fill(alignAt + 1)])
  }
})

test('a message in one chunk is a view of it', () => {
  const chunk = Buffer.concat([frame(Buffer.from('a')), frame(Buffer.from('bc'))])
  const [first, second] = readAll(createReader(), [chunk])
  assert.equal(first?.buffer, chunk.buffer)
  assert.equal(second?.buffer, chunk.buffer)
})

test('a prefix alone does not ask for the alignment: there is no head yet', () => {
  let asked = 0
  const reader = createReader({
    alignAt(head) {
      asked++
      assert.ok(head.length > 0)
      return 0
    },
  })
  const bytes = frame(Buffer.from('abcdef'))
  assert.equal(readAll(reader, [bytes.subarray(0, 3), bytes.subarray(3, 5), bytes.subarray(5, 8)]).length, 0)
  assert.equal(asked, 1)
  assert.equal(reader.isInsideMessage, true)
  assert.deepEqual(readAll(reader, [bytes.subarray(8)]), [Buffer.from('abcdef')])
})

test('a message over the limit is refused by its length, before memory is taken', () => {
  const reserved: number[] = []
  const reader = createReader({ maxMessageBytes: 10, memory: { reserve: size => reserved.push(size) } })
  assert.equal(readAll(reader, [frame(Buffer.alloc(10))]).length, 1)
  assert.throws(() => readAll(reader, [frame(Buffer.alloc(0), 0, 11)]), {
    code: 'RESOURCE_EXHAUSTED',
    message: /11 bytes.*10 bytes/,
  })
  assert.throws(() => readAll(createReader(), [frame(Buffer.alloc(0), 0, 2 ** 32 - 1)]), {
    code: 'RESOURCE_EXHAUSTED',
  })
  assert.deepEqual(reserved, [10])
})

test('flags other than compressed are refused', () => {
  assert.throws(() => readAll(createReader(), [frame(Buffer.from('x'), 2)]), {
    code: 'INTERNAL',
    message: /flags 2/,
  })
})

test('a second message is refused by its prefix where one is expected', () => {
  const chunk = Buffer.concat([frame(Buffer.from('a')), frame(Buffer.alloc(0), 0, 500)])
  assert.throws(() => readAll(createReader({ isSingle: true }), [chunk]), { code: 'UNIMPLEMENTED' })
})
