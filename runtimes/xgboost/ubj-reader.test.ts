import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { writeUbj } from './ubj-fixture.ts'
import { readUbj, UbjError } from './ubj-reader.ts'

function bytesOf(...parts: readonly (string | readonly number[])[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap(part => (typeof part === 'string' ? [...Buffer.from(part, 'latin1')] : part)),
  )
}

function refused(bytes: Uint8Array, message: string | RegExp): void {
  assert.throws(() => readUbj(bytes), { name: 'UbjError', message })
}

test('what is written is read', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), value => {
      // Objects are read without a prototype.
      assert.equal(JSON.stringify(readUbj(writeUbj(value))), JSON.stringify(value))
    }),
  )
  assert.deepEqual(readUbj(writeUbj(Int32Array.of(1, -1))), Int32Array.of(1, -1))
})

test('numbers of every type are big-endian, and typed lists are typed arrays', () => {
  assert.equal(readUbj(bytesOf('i', [0xff])), -1)
  assert.equal(readUbj(bytesOf('U', [0xff])), 255)
  assert.equal(readUbj(bytesOf('I', [0xff, 0xfe])), -2)
  assert.equal(readUbj(bytesOf('l', [0, 1, 0, 0])), 65_536)
  assert.equal(readUbj(bytesOf('L', [0, 0, 0, 1, 0, 0, 0, 0])), 2 ** 32)
  assert.equal(readUbj(bytesOf('d', [0x3f, 0xc0, 0, 0])), 1.5)
  assert.equal(readUbj(bytesOf('D', [0x3f, 0xf8, 0, 0, 0, 0, 0, 0])), 1.5)
  assert.deepEqual(readUbj(bytesOf('[$d#U', [1, 0x3f, 0xc0, 0, 0])), Float32Array.of(1.5))
  assert.deepEqual(readUbj(bytesOf('[$U#i', [2, 7, 9])), Uint8Array.of(7, 9))
  assert.deepEqual(readUbj(bytesOf('[#i', [2], 'T', 'NZ')), [true, null])
  assert.deepEqual({ ...(readUbj(bytesOf('{#i', [1], 'i', [1], 'aCx')) as object) }, { a: 'x' })
})

test('counts beyond the bytes, markers that are none and bytes too many are refused with the place', () => {
  refused(
    bytesOf('[$d#L', [0, 0, 1, 0, 0, 0, 0, 0]),
    '1099511627776 elements are announced, but 0 bytes are left at byte 4',
  )
  refused(bytesOf('[#L', [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), /is beyond 2\^53 - 1 at byte 3/)
  refused(bytesOf('[$Z#L', [0, 0, 0, 1, 0, 0, 0, 0]), 'a container has type "Z" at byte 4')
  refused(bytesOf('Si', [0xff]), 'a length is -1 at byte 1')
  refused(bytesOf('Sd', [0, 0, 0, 0]), /a length has marker "d"/)
  refused(bytesOf('Si', [5], 'ab'), '5 bytes are announced, but 2 are left at byte 3')
  refused(bytesOf('Si', [1, 0xff]), /not UTF-8/)
  refused(bytesOf('[$d'), /1 bytes are announced, but 0 are left/)
  refused(bytesOf('[$di'), 'a container has a type, but no count at byte 3')
  refused(bytesOf('x'), /a value has marker "x"; allowed are Z T F/)
  refused(bytesOf('TT'), '1 bytes follow the value at byte 1')
  refused(bytesOf('[T'), /are left/)
  refused(bytesOf(''), /are left/)
})

test('nesting ends at 64 levels', () => {
  assert.ok(readUbj(bytesOf('['.repeat(64), ']'.repeat(64))))
  refused(bytesOf('['.repeat(66), ']'.repeat(66)), /deeper than 64 levels/)
  refused(bytesOf('['.repeat(1_000_000)), /deeper than 64 levels/)
})

test('any bytes give a value or a UbjError', () => {
  const markers = fc.constantFrom(...Buffer.from('ZTFNiUIlLdDCSH[]{}$#'))
  const byte = fc.oneof(markers, fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 4 }))
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 200 }), bytes => {
      try {
        readUbj(Uint8Array.from(bytes))
      } catch (error) {
        assert.ok(error instanceof UbjError)
      }
    }),
    { numRuns: 2000 },
  )
})
