import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bf16ToFloat32, float32ToBf16 } from './half-floats.ts'

const ALL = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits)
const round = (value: number): number => bf16ToFloat32(float32ToBf16(Float32Array.of(value)))[0]!

test('every BF16 value survives the way to float32 and back', () => {
  const back = float32ToBf16(bf16ToFloat32(ALL))
  for (const bits of ALL) {
    const isNaN = (bits & 0x7fff) > 0x7f80
    // A signalling NaN becomes quiet; sign and kind stay.
    assert.equal(back[bits], isNaN ? bits | 0x40 : bits)
  }
})

test('every BF16 value is the float32 that has its bits on top', () => {
  const view = new DataView(new ArrayBuffer(4))
  const values = bf16ToFloat32(ALL)
  for (const bits of ALL) {
    view.setUint16(0, bits)
    assert.equal(values[bits], view.getFloat32(0))
  }
})

test('rounds to the nearest, ties to even', () => {
  const step = 2 ** -7
  const cases = [
    [1 + step / 4, 1],
    [1 + step / 2, 1],
    [1 + (3 * step) / 4, 1 + step],
    [1 + (3 * step) / 2, 1 + 2 * step],
    [-(1 + (3 * step) / 4), -(1 + step)],
    [3.4028234663852886e38, Infinity],
    [-Infinity, -Infinity],
    [-0, -0],
    [2 ** -149, 0],
  ] as const
  for (const [value, rounded] of cases) assert.equal(round(value), rounded)
})

test('no other BF16 value is nearer', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, min: -(2 ** 126), max: 2 ** 126 }), value => {
      const [bits] = float32ToBf16(Float32Array.of(value))
      const distance = (candidate: number) => Math.abs(bf16ToFloat32(Uint16Array.of(candidate))[0]! - value)
      assert.ok(distance(bits!) <= distance((bits! + 1) & 0xffff))
      assert.ok((bits! & 0x7fff) === 0 || distance(bits!) <= distance(bits! - 1))
    }),
  )
})

test('NaN stays NaN whatever its payload, and keeps its sign', () => {
  const payloads = new Float32Array(Uint32Array.of(0x7f800001, 0x7fffffff, 0xff800001, 0xffffffff).buffer)
  assert.deepEqual(float32ToBf16(payloads), Uint16Array.of(0x7fc0, 0x7fff, 0xffc0, 0xffff))
})

test('reads a view that begins within its memory', () => {
  assert.deepEqual(float32ToBf16(Float32Array.of(9, 1, 2).subarray(1)), Uint16Array.of(0x3f80, 0x4000))
})
