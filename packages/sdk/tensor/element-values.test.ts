import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DATATYPES, type NumericDatatype } from './datatype.ts'
import { allowedValues, BIG_INTEGER_RANGE, fillElements, INTEGER_RANGE } from './element-values.ts'
import { bf16ToFloat32 } from './half-floats.ts'

const fill = (datatype: NumericDatatype, ...values: unknown[]) =>
  Array.from<number | bigint>(fillElements(datatype, values, (_, index) => new RangeError(`misfit ${index}`)))
const isRefused = (datatype: NumericDatatype, value: unknown) =>
  assert.throws(() => fill(datatype, value), { message: 'misfit 0' }, `${datatype} ${String(value)}`)

test('integers take their extremes and nothing beyond', () => {
  for (const [name, [min, max]] of Object.entries(INTEGER_RANGE)) {
    const datatype = name as NumericDatatype
    assert.deepEqual(fill(datatype, min, 0, max), [min, 0, max])
    for (const value of [min - 1, max + 1, 0.5, Number.NaN, Infinity, 1n, '1', true, null, undefined]) {
      isRefused(datatype, value)
    }
  }
  assert.deepEqual(Object.keys(INTEGER_RANGE), ['UINT8', 'UINT16', 'UINT32', 'INT8', 'INT16', 'INT32'])
})

test('64-bit integers take their extremes as bigint, and numbers while these are exact', () => {
  for (const [name, [min, max]] of Object.entries(BIG_INTEGER_RANGE)) {
    const datatype = name as NumericDatatype
    assert.deepEqual(fill(datatype, min, max, 2 ** 53 - 1), [min, max, 2n ** 53n - 1n])
    for (const value of [min - 1n, max + 1n, 2 ** 53, 0.5, Number.NaN, '1', true, null])
      isRefused(datatype, value)
  }
  assert.deepEqual(fill('INT64', -(2 ** 53) + 1, -0), [-(2n ** 53n) + 1n, 0n])
})

test('booleans are true, false, 1 or 0', () => {
  assert.deepEqual(fill('BOOL', true, false, 1, 0), [1, 0, 1, 0])
  for (const value of [2, -1, 0.5, 1n, 'true', null]) isRefused('BOOL', value)
})

test('floating-point numbers are rounded to the nearest the datatype has', () => {
  assert.deepEqual(fill('FP64', 0.1, -0), [0.1, -0])
  assert.deepEqual(fill('FP32', 0.1), [Math.fround(0.1)])
  assert.deepEqual(fill('FP16', 0.1, 65519), [Math.f16round(0.1), 65504])
})

test('numbers given for BF16 are values, not bits', () => {
  assert.deepEqual(fill('BF16', 1, -2, 0.1), [0x3f80, 0xc000, 0x3dcd])
  fc.assert(
    fc.property(fc.double({ noNaN: true, min: -1e38, max: 1e38 }), value => {
      const [rounded] = bf16ToFloat32(Uint16Array.from(fill('BF16', value).map(Number)))
      assert.ok(Math.abs(rounded! - value) <= Math.abs(value) * 2 ** -7 + 2 ** -133)
    }),
  )
})

test('a finite number never becomes infinite', () => {
  const beyond: [NumericDatatype, number][] = [
    ['FP16', 65520],
    ['FP32', 3.5e38],
    ['BF16', 3.4e38],
  ]
  for (const [datatype, value] of beyond) {
    isRefused(datatype, value)
    isRefused(datatype, -value)
  }
})

test('what is not finite is kept', () => {
  for (const datatype of ['FP16', 'FP32', 'FP64'] as const) {
    assert.deepEqual(fill(datatype, Number.NaN, Infinity, -Infinity), [Number.NaN, Infinity, -Infinity])
  }
  assert.deepEqual(fill('BF16', Number.NaN, Infinity, -Infinity), [0x7fc0, 0x7f80, 0xff80])
})

test('floating-point datatypes take numbers only', () => {
  for (const datatype of ['FP16', 'FP32', 'FP64', 'BF16'] as const) {
    for (const value of [1n, '1', true, null, undefined, [1]]) isRefused(datatype, value)
  }
})

test('says which element does not fit, holes included', () => {
  assert.throws(() => fill('INT8', 1, 2, 200), { message: 'misfit 2' })
  // oxlint-disable-next-line unicorn/no-new-array
  assert.throws(() => fillElements('INT8', new Array(2), (_, index) => new RangeError(`${index}`)), {
    message: '0',
  })
})

test('says what is allowed', () => {
  assert.equal(allowedValues('INT8'), 'an integer from -128 to 127')
  assert.equal(allowedValues('UINT64'), 'an integer from 0 to 18446744073709551615')
  assert.equal(allowedValues('FP16'), 'a number from -65504 to 65504')
  assert.equal(allowedValues('FP64'), 'a number')
  assert.equal(allowedValues('BOOL'), 'true or false')
  for (const datatype of DATATYPES) assert.notEqual(allowedValues(datatype), '')
})

test('the ranges that messages name are those of the datatypes', () => {
  for (const datatype of ['FP16', 'FP32', 'BF16'] as const) {
    const largest = Number(allowedValues(datatype).split(' to ')[1])
    assert.equal(fill(datatype, largest).length, 1)
    isRefused(datatype, largest * 1.01)
  }
})
