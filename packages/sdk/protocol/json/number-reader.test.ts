import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ServingError } from '../../errors/index.ts'
import { JsonReader } from './json-reader.ts'
import { readNumbers } from './number-reader.ts'

const into = new Float64Array(64)

/** More than the fast ways look ahead. */
const PADDING = ' '.repeat(32)

function readOne(text: string, isSingle: boolean, padding: string): number {
  const reader = new JsonReader(Buffer.from(text + padding))
  assert.equal(readNumbers(reader, into, 1, isSingle), 1, text)
  assert.equal(reader.position, text.length, text)
  return into[0]!
}

function assertExact(text: string): void {
  const expected: unknown = JSON.parse(text)
  for (const padding of ['', PADDING]) {
    assert.ok(Object.is(readOne(text, false, padding), expected), text)
    assert.ok(Object.is(Math.fround(readOne(text, true, padding)), Math.fround(expected as number)), text)
  }
}

function assertList(text: string): void {
  const expected = JSON.parse(`[${text}]`) as number[]
  for (const isSingle of [false, true]) {
    const reader = new JsonReader(Buffer.from(text))
    const count = readNumbers(reader, into, into.length, isSingle)
    assert.equal(count, expected.length, text)
    assert.equal(reader.position, text.length, text)
    for (const [index, value] of expected.entries()) {
      const found = into[index]!
      const isSame = isSingle ? Object.is(Math.fround(found), Math.fround(value)) : Object.is(found, value)
      assert.ok(isSame, `${text}: element ${index} is ${found}`)
    }
  }
}

/** JSON numbers in every form: any count of digits on both sides of the dot, zeros at either end, exponents. */
const literal = fc
  .record({
    sign: fc.constantFrom('', '-'),
    whole: fc.oneof(
      fc.constant('0'),
      digits(1, 26).map(text => text.replace(/^0+(?=.)/, '')),
    ),
    zeros: fc.nat(25),
    fraction: fc.oneof(fc.constant(''), digits(1, 26)),
    exponent: fc.option(fc.tuple(fc.constantFrom('e', 'E', 'e+', 'E-', 'e-'), fc.nat(345))),
  })
  .map(
    ({ sign, whole, zeros, fraction, exponent }) =>
      sign +
      whole +
      (fraction === '' ? '' : `.${'0'.repeat(zeros)}${fraction}`) +
      (exponent === null ? '' : exponent.join('')),
  )

/** What most floats look like, with up to 25 digits, and sometimes more of them or none. */
const fraction = fc
  .tuple(fc.constantFrom('', '-'), fc.nat(12_000), fc.nat(6), digits(0, 25))
  .map(([sign, whole, shift, after]) => {
    const before = Math.floor(whole / 10 ** shift)
    return sign + before + (after === '' ? '' : `.${after}`)
  })

function digits(minLength: number, maxLength: number): fc.Arbitrary<string> {
  return fc.array(fc.nat(9), { minLength, maxLength }).map(list => list.join(''))
}

const bits = new DataView(new ArrayBuffer(8))

function randomDouble(): number {
  bits.setUint32(0, Math.random() * 2 ** 32)
  bits.setUint32(4, Math.random() * 2 ** 32)
  return bits.getFloat64(0)
}

function randomFloat32(): number {
  bits.setUint32(0, Math.random() * 2 ** 32)
  return bits.getFloat32(0)
}

describe('readNumbers', () => {
  it('rounds every form as JSON.parse does', () => {
    fc.assert(fc.property(literal, assertExact), { numRuns: 20_000 })
  })

  it('rounds the shortest and longer forms of random doubles as JSON.parse does', () => {
    for (let count = 0; count < 30_000; count++) {
      const value = count % 2 === 0 ? randomDouble() : (Math.random() - 0.5) * 10 ** (count % 40)
      if (!Number.isFinite(value)) continue
      assertExact(String(value))
      assertExact(value.toExponential(count % 22))
      if (Math.abs(value) < 1e21) assertExact(value.toFixed(count % 25))
    }
  })

  it('rounds every number of a list as JSON.parse does', () => {
    const list = fc.array(fc.oneof({ weight: 5, arbitrary: fraction }, literal), {
      minLength: 1,
      maxLength: 64,
    })
    const separator = fc.constantFrom(',', ',', ', ', ' ,\n')
    fc.assert(
      fc.property(list, separator, (texts, between) => {
        assertList(texts.join(between))
      }),
      { numRuns: 1000 },
    )
  })

  it('rounds short and long forms of float32 below 1000 as JSON.parse does', () => {
    for (let count = 0; count < 500; count++) {
      const values = Array.from({ length: 64 }, (_, index) =>
        Math.fround((Math.random() - 0.5) * 10 ** (((count + index) % 7) - 3)),
      )
      assertList(values.join(','))
      assertList(values.map(value => value.toPrecision(7 + (count % 4))).join(','))
      assertList(values.map(value => value.toFixed(count % 25)).join(','))
      // Halfway between two float32: what decides is behind the digits that are looked at first.
      const halves = values.map(value => value * (1 + 2 ** -24))
      assertList(halves.map(value => value.toFixed(11 + (count % 20))).join(','))
    }
  })

  it('looks at nothing behind the end', () => {
    const dense = '0.5,-1.25,123.4567890123456789012345,0.1234567890123,12,-0.75,1.5e3,0.123456789012345678,'
    for (const text of [dense, dense.replaceAll(',', ', ')]) {
      const memory = Buffer.from(text + '9'.repeat(32))
      for (let length = 1; length <= text.length; length++) {
        const cut = text.slice(0, length)
        const reader = new JsonReader(memory.subarray(0, length))
        if (/[-.e]$/.test(cut)) {
          assert.throws(() => readNumbers(reader, into, 64, true), ServingError, cut)
          continue
        }
        const list = cut.replace(/, ?$/, '')
        const expected = JSON.parse(`[${list}]`) as number[]
        const count = readNumbers(reader, into, 64, true)
        assert.deepEqual([...into.subarray(0, count)].map(Math.fround), expected.map(Math.fround), cut)
        assert.equal(reader.position, list.length, cut)
      }
    }
  })

  it('decides the exact middle between two float32 and its neighbours', () => {
    for (let count = 0; count < 20_000; count++) {
      const value = Math.abs(randomFloat32())
      if (!Number.isFinite(value)) continue
      bits.setFloat32(0, value)
      bits.setUint32(0, bits.getUint32(0) + 1)
      const middle = value / 2 + bits.getFloat32(0) / 2
      if (!Number.isFinite(middle)) continue
      for (const precision of [17, 20, 21]) assertExact(middle.toPrecision(precision))
    }
  })

  it('knows the hard cases by name', () => {
    const cases = [
      '0',
      '-0',
      '-0.0e-5',
      '0e999999999999',
      '5e-324',
      '2.4703282292062327e-324',
      '2.4703282292062328e-324',
      '2.2250738585072011e-308',
      '1.7976931348623157e308',
      '1.7976931348623159e308',
      '9007199254740993',
      '9007199254740992.99999999',
      '9007199254740993.00000001',
      '123456789012345678901234567890',
      '1.00000000000000011102230246251565404236316680908203125',
      '1.00000000000000011102230246251565404236316680908203124',
      '1.1754943508222875e-38',
      '1.401298464324817e-45',
      '7.006492321624085e-46',
      '3.4028235677973366e38',
      '3.4028235677973365e38',
      '8.589973e9',
      '1e22',
      '1e23',
      '1e45',
      '123456789012345e-45',
      '0.000000000000000000000000000000000000000000000000001',
    ]
    for (const text of cases) assertExact(text)
  })

  it('reads as many as follow each other and leaves the cursor before the rest', () => {
    const cases: [text: string, limit: number, expected: number[], position: number][] = [
      ['1,2,3]', 64, [1, 2, 3], 5],
      ['1 ,\n\t2\r, 3 ]', 64, [1, 2, 3], 10],
      ['1,2,3]', 2, [1, 2], 3],
      ['1,"2"', 64, [1], 1],
      ['1, [2]', 64, [1], 1],
      ['null,-2.5e1,null]', 64, [Number.NaN, -25, Number.NaN], 16],
      ['"1"', 64, [], 0],
      ['', 64, [], 0],
      ['1,', 64, [1], 1],
      [`0.5,1.25 ,-12.75, [2]${PADDING}`, 64, [0.5, 1.25, -12.75], 16],
      [`0.5,1.25,2.5,3.5${PADDING}`, 3, [0.5, 1.25, 2.5], 12],
      [`0.5,1,1.5,null,2.5e1,0.125]${PADDING}`, 64, [0.5, 1, 1.5, Number.NaN, 25, 0.125], 26],
      [`0.5,"1"${PADDING}`, 64, [0.5], 3],
      [`0.5.5,1${PADDING}`, 64, [0.5], 3],
    ]
    for (const [text, limit, expected, position] of cases) {
      const reader = new JsonReader(Buffer.from(text))
      const count = readNumbers(reader, into, limit, false)
      assert.deepEqual([...into.subarray(0, count)], expected, text)
      if (count > 0) assert.equal(reader.position, position, text)
    }
  })

  it('refuses what JSON does not call a number', () => {
    const cases = [
      '-',
      '-a',
      '--1',
      '01',
      '-01',
      '00',
      '1.',
      '1.e5',
      '1.,2',
      '1e',
      '1e+',
      '1E-x',
      'nul',
      'nil',
      '-null',
      '00.5',
      '-01.5',
      '1.-5',
      '12.',
      '0.5e',
      '-.5',
    ]
    for (const text of cases.flatMap(text => [text, text + PADDING, `0.5,${text}${PADDING}`])) {
      const reader = new JsonReader(Buffer.from(text))
      assert.throws(
        () => readNumbers(reader, into, 64, false),
        (error: unknown) => ServingError.is(error) && error.violations?.[0]?.type === 'json_invalid',
        text,
      )
    }
    for (const text of ['+1', '.5', 'NaN', 'Infinity', ']', '\u00001']) {
      assert.equal(readNumbers(new JsonReader(Buffer.from(text)), into, 64, false), 0, text)
      assert.equal(readNumbers(new JsonReader(Buffer.from(text + PADDING)), into, 64, false), 0, text)
    }
  })
})
