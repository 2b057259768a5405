import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inferDatatype } from './infer-datatype.ts'

test('plain values show their datatype', () => {
  const cases: [unknown[], string][] = [
    [[], 'FP64'],
    [[1, 2, -3], 'INT64'],
    [[1, 2n], 'INT64'],
    [[2n ** 63n, 1], 'UINT64'],
    [[1, 2.5], 'FP64'],
    [[1, Number.NaN], 'FP64'],
    [[1, null], 'FP64'],
    [[null], 'FP64'],
    [[-0], 'FP64'],
    [[2 ** 53], 'FP64'],
    [[Infinity], 'FP64'],
    [[true, false], 'BOOL'],
    [['a', Uint8Array.of(1)], 'BYTES'],
  ]
  for (const [values, datatype] of cases) assert.equal(inferDatatype('x', values), datatype)
})

test('mixtures and other values have none', () => {
  const cases: [unknown[], string][] = [
    [[true, 1], 'element 1 is 1 among values of BOOL'],
    [['a', null], 'element 1 is null among values of BYTES'],
    [[1, 'a'], 'element 1 is "a" among values of FP64'],
    [[0.5, 1n], 'element 1 is 1 among values of FP64'],
    [[{}], 'element 0 is an Object'],
    [[undefined], 'element 0 is undefined'],
  ]
  for (const [values, what] of cases) {
    assert.throws(() => inferDatatype('x', values), {
      code: 'INVALID_ARGUMENT',
      message: `tensor 'x', ${what}; expected numbers, booleans, or text and bytes, not mixed`,
    })
  }
})
