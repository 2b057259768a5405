import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MAX_FLOAT32_BYTES, writeFloat32s } from './float32-writer.ts'

const RANDOM_VALUES = 300_000
const CHUNK = 1000

const bytes = Buffer.alloc(CHUNK * MAX_FLOAT32_BYTES)
const target = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) }

function write(values: Float32Array): string[] {
  const end = writeFloat32s(target, 0, values)
  assert.ok(end <= values.length * MAX_FLOAT32_BYTES)
  return bytes.toString('latin1', 0, end).split(',')
}

function significantDigits(text: string): string {
  return text.replace(/^-|e.*$|\./g, '').replace(/^0+|0+$/g, '')
}

/** Fails if any decimal with one digit less also reads back as the value. */
function assertShortest(text: string, value: number): void {
  const digits = significantDigits(text)
  if (digits.length < 2) return
  const magnitude = Math.abs(value)
  const [mantissa, exponent] = magnitude.toExponential(digits.length - 2).split('e') as [string, string]
  const nearest = Number(mantissa.replace('.', ''))
  for (const candidate of [nearest - 1, nearest, nearest + 1]) {
    const shorter = `${candidate}e${Number(exponent) - (digits.length - 2)}`
    assert.notEqual(Math.fround(Number(shorter)), magnitude, `${text} could be ${shorter}`)
  }
}

function check(values: Float32Array): void {
  const texts = write(values)
  assert.equal(texts.length, values.length)
  for (const [index, text] of texts.entries()) {
    const value = values[index]!
    if (!Number.isFinite(value)) {
      assert.equal(text, 'null')
      continue
    }
    assert.ok(Object.is(Math.fround(JSON.parse(text) as number), value), `${value} was written as ${text}`)
    assertShortest(text, value)
  }
}

describe('writeFloat32s', () => {
  it('writes random bit patterns so that they read back, with the fewest digits', () => {
    const words = new Uint32Array(CHUNK)
    for (let count = 0; count < RANDOM_VALUES; count += CHUNK) {
      for (let index = 0; index < CHUNK; index++) words[index] = Math.random() * 2 ** 32
      check(new Float32Array(words.buffer))
    }
  })

  it('writes every power of two and its neighbours so that they read back, with the fewest digits', () => {
    const words = new Uint32Array(8)
    for (let exponent = 0; exponent < 255; exponent++) {
      words.set([0, 1, 2, 3, 0x400000, 0x7ffffd, 0x7ffffe, 0x7fffff])
      for (let index = 0; index < words.length; index++) words[index]! |= exponent << 23
      check(new Float32Array(words.buffer))
    }
  })

  it('writes every sign and exponent with the fewest digits', () => {
    const words = new Uint32Array(CHUNK)
    for (let upper = 0; upper < 512; upper++) {
      for (let index = 0; index < 50; index++) words[index] = (upper << 23) | (Math.random() * 2 ** 23)
      check(new Float32Array(words.buffer, 0, 50))
    }
  })

  it('writes short decimals of every magnitude so that they read back, with the fewest digits', () => {
    for (let exponent = -45; exponent < 38; exponent++) {
      check(Float32Array.from({ length: 100 }, (_, index) => Number(`${index + 1}e${exponent}`)))
      check(Float32Array.from({ length: 100 }, (_, index) => Number(`9.99999${index}e${exponent}`)))
    }
  })

  it('writes in the notation of JavaScript', () => {
    const cases = [
      0, -0, 1, -1, 10, 123456, 0.1, -0.5, 3.1234567, 1234.5, 1e-6, 1.5e-6, 1e-7, 1.25e-7, 16777216, 1e9,
      123456790528, 1e20, 1e21, 3.4028234e38, 1e-45, 1.17549435e-38, 0.3333333432674408,
    ]
    const expected =
      '0 -0.0 1 -1 10 123456 0.1 -0.5 3.1234567 1234.5 0.000001 0.0000015 1e-7 1.25e-7 16777216 1000000000 123456790000 ' +
      '100000000000000000000 1e+21 3.4028235e+38 1e-45 1.1754944e-38 0.33333334'
    assert.equal(write(Float32Array.from(cases)).join(' '), expected)
  })

  it('writes null for what JSON has no number for', () => {
    assert.deepEqual(write(Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)), [
      'null',
      'null',
      'null',
    ])
  })

  it('writes many as it writes each, within the room that it asks for', () => {
    for (const length of [1, 2, 32, 33, 1023, 1024, 1025, 2500]) {
      const values = Float32Array.from(
        { length },
        () => (Math.random() - 0.5) * 10 ** (Math.random() * 60 - 30),
      )
      const room = Buffer.alloc(length * MAX_FLOAT32_BYTES)
      const exact = { bytes: room, view: new DataView(room.buffer, room.byteOffset, room.length) }
      const text = room.toString('latin1', 0, writeFloat32s(exact, 0, values))
      assert.equal(text, Array.from(values, value => write(Float32Array.of(value)).join()).join())
    }
    const widest = Float32Array.of(
      -1.1754944e-38,
      -123456790528,
      -3.4028235e38,
      -99999984306749440,
      -1.2345678e-6,
    )
    for (const value of widest) {
      const room = Buffer.alloc(MAX_FLOAT32_BYTES)
      const exact = { bytes: room, view: new DataView(room.buffer, room.byteOffset, room.length) }
      writeFloat32s(exact, 0, Float32Array.of(value))
    }
  })

  it('writes halves of float16 arrays', () => {
    const end = writeFloat32s(target, 0, Float16Array.of(0.1, -0, 65504, Number.NaN))
    assert.equal(bytes.toString('latin1', 0, end), '0.099975586,-0.0,65504,null')
  })

  it('writes nothing for no values', () => {
    assert.equal(writeFloat32s(target, 7, new Float32Array()), 7)
  })
})
