import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { BodyBuffer, isAligned } from './body-buffer.ts'

function noLimit(): void {}

test('holds what was appended, byte alignAt at a multiple of 8, in memory of its own', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40_000 }), { maxLength: 6 }),
      fc.nat(100),
      fc.boolean(),
      (chunks, alignAt, isSizeKnown) => {
        const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
        const buffer = new BodyBuffer(isSizeKnown ? sizeBytes : undefined, {
          alignAt,
          maxBytes: sizeBytes,
          reserve: noLimit,
        })
        for (const chunk of chunks) buffer.append(chunk)
        const view = buffer.view()
        assert.deepEqual(Buffer.from(view), Buffer.concat(chunks))
        assert.ok(isAligned(view, alignAt))
        assert.ok(view.byteOffset < 8)
      },
    ),
  )
})

test('reserves what it takes before it takes it', () => {
  const reserved: number[] = []
  const reserve = (sizeBytes: number): number => reserved.push(sizeBytes)
  const buffer = new BodyBuffer(undefined, { alignAt: 0, maxBytes: 50_000, reserve })
  assert.deepEqual(reserved, [16_384])
  buffer.append(new Uint8Array(16_385))
  assert.deepEqual(reserved, [16_384, 16_384])
  buffer.append(new Uint8Array(33_000))
  assert.deepEqual(reserved, [16_384, 16_384, 50_000 - 32_768])
})

test('keeps what it has when there is no room for more', () => {
  let leftBytes = 20_000
  const buffer = new BodyBuffer(undefined, {
    alignAt: 0,
    maxBytes: 1_000_000,
    reserve(sizeBytes) {
      leftBytes -= sizeBytes
      if (leftBytes < 0) throw new Error('full')
    },
  })
  buffer.append(new Uint8Array(10_000))
  assert.throws(() => buffer.append(new Uint8Array(10_000)), /full/)
  assert.equal(buffer.sizeBytes, 10_000)
})
