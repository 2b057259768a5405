import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import { compressMessage, encodingOfFlagged, inflateMessage } from './message-encoding.ts'

const unlimited = { maxMessageBytes: 2 ** 30, memory: { reserve: () => {} }, alignAt: undefined }

for (const encoding of ['gzip', 'deflate'] as const) {
  test(`${encoding}: what was compressed comes back, aligned`, async () => {
    const message = Buffer.alloc(300_000, 'tensor ')
    const compressed = await compressMessage(encoding, message)
    assert.ok(compressed.length < message.length)
    const inflated = await inflateMessage(encoding, compressed, { ...unlimited, alignAt: () => 5 })
    assert.deepEqual(inflated, message)
    assert.equal((inflated.byteOffset + 5) % 8, 0)
  })

  test(`${encoding}: bytes that are not compressed, cut short or empty are an error`, async () => {
    const compressed = await compressMessage(encoding, Buffer.alloc(1000, 'x'))
    for (const bytes of [Buffer.from('not compressed'), compressed.subarray(0, -5), Buffer.alloc(0)]) {
      await assert.rejects(inflateMessage(encoding, bytes, unlimited), {
        code: 'INTERNAL',
        message: `a message cannot be decompressed as ${encoding}`,
      })
    }
  })
}

test('a bomb is stopped at the limit, not after it went off', async () => {
  const bomb = gzipSync(Buffer.alloc(20_000_000))
  let reservedBytes = 0
  const memory = { reserve: (sizeBytes: number) => (reservedBytes += sizeBytes) }
  await assert.rejects(inflateMessage('gzip', bomb, { ...unlimited, memory, maxMessageBytes: 1_000_000 }), {
    code: 'RESOURCE_EXHAUSTED',
    message: /1000000 bytes.*decompressed/,
  })
  assert.ok(reservedBytes <= 1_000_000)
})

test('a budget that is used up stops the decompression', async () => {
  const memory = {
    reserve() {
      throw new RangeError('used up')
    },
  }
  await assert.rejects(inflateMessage('deflate', deflateSync('abc'), { ...unlimited, memory }))
})

test('an empty message may be compressed', async () => {
  assert.equal((await inflateMessage('gzip', gzipSync(''), unlimited)).length, 0)
})

test('the encoding of a flagged message must be named and known', () => {
  assert.equal(encodingOfFlagged('gzip'), 'gzip')
  assert.throws(() => encodingOfFlagged(undefined), { code: 'INTERNAL' })
  assert.throws(() => encodingOfFlagged('identity'), { code: 'INTERNAL' })
  assert.throws(() => encodingOfFlagged('snappy'), {
    code: 'UNIMPLEMENTED',
    message: /'snappy'.*identity,deflate,gzip/,
  })
})
