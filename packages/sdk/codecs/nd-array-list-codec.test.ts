import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toTensor } from '../tensor/index.ts'
import { NdArray } from './nd-array.ts'
import { ndArrayListCodec } from './nd-array-list-codec.ts'

test('arrays stand behind each other in one tensor', () => {
  const tensor = ndArrayListCodec.encode('x', [
    NdArray.fromNested([1.5, 2], 'FP32'),
    NdArray.fromNested([3, 4], 'FP32'),
  ])
  assert.deepEqual(tensor, {
    name: 'x',
    datatype: 'FP32',
    shape: [2, 2],
    data: Float32Array.of(1.5, 2, 3, 4),
    parameters: { content_type: 'nplist' },
  })
})

test('a tensor is read as its rows, without a copy', () => {
  const data = Int32Array.of(1, 2, 3, 4, 5, 6)
  const rows = ndArrayListCodec.decode({ name: 'x', datatype: 'INT32', shape: [3, 1, 2], data })
  assert.deepEqual(
    rows.map(row => [row.shape, row.toNested()]),
    [
      [[1, 2], [[1, 2]]],
      [[1, 2], [[3, 4]]],
      [[1, 2], [[5, 6]]],
    ],
  )
  data[4] = 7
  assert.deepEqual(rows[2]!.toNested(), [[7, 6]])
})

test('an empty list has no rows', () => {
  const tensor = ndArrayListCodec.encode('x', [])
  assert.deepEqual(tensor.shape, [0])
  assert.deepEqual(ndArrayListCodec.decode(tensor), [])
})

test('arrays of different kinds are refused', () => {
  const first = NdArray.fromNested([1], 'FP32')
  for (const [other, what] of [
    [NdArray.fromNested([1, 2], 'FP32'), 'FP32 [2]'],
    [NdArray.fromNested([1], 'FP64'), 'FP64 [1]'],
  ] as const) {
    assert.throws(() => ndArrayListCodec.encode('x', [first, other]), {
      code: 'INVALID_ARGUMENT',
      message: `tensor 'x', element 1 is ${what} beside FP32 [1]; content type 'nplist' needs arrays of one datatype and shape`,
    })
  }
})

test('a tensor without a first dimension, and one of endless empty rows, are refused', () => {
  const single = toTensor({ name: 'x', datatype: 'FP32', shape: [], data: [1] })
  assert.throws(() => ndArrayListCodec.decode(single), { message: /needs a first dimension/ })
  const endless = toTensor({ name: 'x', datatype: 'FP32', shape: [65_537, 0], data: [] })
  assert.throws(() => ndArrayListCodec.decode(endless), {
    code: 'INVALID_ARGUMENT',
    message: "tensor 'x' has 65537 arrays; content type 'nplist' takes at most 65536",
  })
})

test('what is written is read again', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 4 }), (count, width) => {
      const rows = Array.from({ length: count }, (_, row) =>
        NdArray.of(
          'FP64',
          [width],
          Float64Array.from({ length: width }, (_, column) => row + column / 8),
        ),
      )
      assert.deepEqual(ndArrayListCodec.decode(ndArrayListCodec.encode('x', rows)), rows)
    }),
  )
})
