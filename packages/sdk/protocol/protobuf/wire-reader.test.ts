import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import * as fc from 'fast-check'
import { WireReader } from './wire-reader.ts'

const { Varint: VARINT, Bit64: BIT64, LengthDelimited: LEN, Bit32: BIT32 } = WireType

function reader(hex: string): WireReader {
  return new WireReader(Buffer.from(hex, 'hex'))
}

function refuses(read: () => unknown, message: RegExp): void {
  assert.throws(read, { name: 'ServingError', code: 'INVALID_ARGUMENT', message })
}

test('64-bit integers are exact over their whole range', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), value => {
      const bytes = new BinaryWriter().int64(value).uint64(BigInt.asUintN(64, value)).finish()
      const wire = new WireReader(bytes)
      assert.equal(BigInt(wire.int64()), value)
      assert.equal(BigInt(wire.uint64()), BigInt.asUintN(64, value))
      assert.equal(wire.offset, bytes.length)
    }),
  )
})

test('64-bit integers are numbers where that is exact, else bigints', () => {
  assert.equal(reader('ffffffffffffff0f').int64(), Number.MAX_SAFE_INTEGER)
  assert.equal(reader('8080808080808010').int64(), 2n ** 53n)
  assert.equal(reader('ffffffffffffffffff01').int64(), -1)
  assert.equal(reader('80808080808080808001').int64(), -(2n ** 63n))
  assert.equal(reader('ffffffffffffffffff01').uint64(), 2n ** 64n - 1n)
})

test('a varint may be longer than it needs to be, up to ten bytes', () => {
  assert.equal(reader('81808080808080808000').int64(), 1)
  assert.equal(reader('8a00').tag(), 0x0a)
})

test('a varint of more than 64 bits is refused with its offset', () => {
  refuses(() => reader('ffffffffffffffffff02').varint64(), /at byte 0: a varint has more than 64 bits/)
  refuses(() => reader('8080808080808080808001').varint64(), /at byte 0: a varint has more than 64 bits/)
})

test('a varint that is cut off is refused', () => {
  refuses(() => reader('').varint64(), /at byte 0: the bytes end inside a varint/)
  refuses(() => reader('ffff').varint64(), /at byte 0: the bytes end inside a varint/)
  const wire = reader('0a01ff01')
  wire.tag()
  wire.enter()
  refuses(() => wire.varint64(), /at byte 2: the bytes end inside a varint/)
})

test('tags need a field number of at least 1 and fit 32 bits', () => {
  refuses(() => reader('00').tag(), /at byte 0: a field has number 0/)
  refuses(() => reader('8000').tag(), /a field has number 0/)
  refuses(() => reader('8080808010').tag(), /a tag has more than 32 bits/)
})

test('lengths stay within the message they lie in', () => {
  refuses(() => reader('05aabb').length(), /at byte 0: a field says it has 5 bytes, but only 2 are left/)
  refuses(() => reader('ffffffff0f').length(), /has 4294967295 bytes, but only 0 are left/)
  refuses(() => reader('ffffffffffffffffff01').length(), /a length has more than 32 bits/)
  const wire = reader('020201ff')
  wire.enter()
  refuses(() => wire.length(), /at byte 1: a field says it has 2 bytes, but only 1 are left/)
})

test('every wire type of proto3 can be skipped, groups and unknown types are refused', () => {
  const wire = new WireReader(
    new BinaryWriter()
      .tag(9, VARINT)
      .uint64(2n ** 64n - 1n)
      .tag(9, BIT64)
      .double(1)
      .tag(9, LEN)
      .string('x')
      .tag(9, BIT32)
      .float(1)
      .finish(),
  )
  for (let count = 0; count < 4; count++) wire.skip(wire.tag())
  assert.equal(wire.offset, wire.limit)
  for (const hex of ['4b4c', '4c', '4e', '4f']) {
    const wire = reader(hex)
    refuses(() => wire.skip(wire.tag()), /at byte 1: field 9 has wire type [3467]; allowed are 0, 1, 2 and 5/)
  }
  for (const hex of ['4d000000', '49000000000000', '4a01', '48ff']) {
    const wire = reader(hex)
    refuses(() => wire.skip(wire.tag()), /at byte 1/)
  }
})

test('text must be UTF-8 and keeps a byte order mark', () => {
  assert.equal(reader('03efbbbf').text(), '\uFEFF')
  assert.equal(reader('04f09f9982').name(), '🙂')
  assert.equal(reader('00').name(), '')
  refuses(() => reader('02c328').text(), /at byte 1: text is not valid UTF-8/)
  refuses(() => reader('03eda080').name(), /at byte 1: text is not valid UTF-8/)
})

test('a view is never a Buffer, whose slice would not copy', () => {
  const message = Buffer.from('020708', 'hex')
  const view = new WireReader(message).view()
  assert.equal(Buffer.isBuffer(view), false)
  assert.deepEqual(view, Uint8Array.of(7, 8))
  assert.equal(view.buffer, message.buffer)
})
