import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BytesArray, DATATYPES } from '../tensor/index.ts'
import { datatypeOfData, NdArray } from './nd-array.ts'

const matrix = NdArray.of('FP32', [2, 3], [1, 2, 3, 4, 5, 6])
const utf8 = (text: string) => new TextEncoder().encode(text)

test('rows and elements are views on the array', () => {
  const data = Float32Array.of(1, 2, 3, 4, 5, 6)
  const array = NdArray.of('FP32', [2, 3], data)
  assert.equal(array.data, data)
  const row = array.row(1)!
  assert.deepEqual([row.shape, row.toNested()], [[3], [4, 5, 6]])
  assert.equal(row.data.buffer, data.buffer)
  assert.equal(row.row(2)!.toNested(), 6)
  assert.equal(array.at(1, 2), 6)
  assert.equal(array.size, 6)
})

test('there is nothing outside the shape', () => {
  for (const index of [-1, 2, 0.5, Number.NaN]) assert.equal(matrix.row(index), undefined)
  for (const indices of [[], [0], [0, 3], [2, 0], [0, -1], [0, 0, 0]])
    assert.equal(matrix.at(...indices), undefined)
  assert.equal(NdArray.of('INT8', [], [5]).row(0), undefined)
  assert.equal(NdArray.of('INT8', [], [5]).at(), 5)
})

test('elements are plain values of their datatype', () => {
  assert.deepEqual(NdArray.of('BOOL', [2], [true, false]).toNested(), [true, false])
  assert.deepEqual(NdArray.of('INT64', [1], [5]).toNested(), [5n])
  assert.deepEqual(NdArray.of('BF16', [1], [1.5]).toNested(), [1.5])
  assert.deepEqual(NdArray.of('BYTES', [1, 1], ['a']).toNested(), [[utf8('a')]])
})

test('nested lists become the datatype that is asked for, or the one they show', () => {
  const pairs = [
    [1, 2],
    [3, null],
  ]
  const floats = NdArray.fromNested(pairs, 'FP16')
  assert.deepEqual(
    [floats.shape, floats.toNested()],
    [
      [2, 2],
      [
        [1, 2],
        [3, Number.NaN],
      ],
    ],
  )
  assert.equal(NdArray.fromNested(pairs).datatype, 'FP64')
  assert.equal(NdArray.fromNested([1, 2]).datatype, 'INT64')
  assert.equal(NdArray.fromNested([['a'], ['b']]).datatype, 'BYTES')
  assert.equal(NdArray.fromNested(Float32Array.of(1)).datatype, 'FP32')
  assert.equal(NdArray.fromNested(Uint8Array.of(1), 'BOOL').datatype, 'BOOL')
  assert.deepEqual(NdArray.fromNested(5).shape, [])
})

const refused = (run: () => unknown, message: string | RegExp) =>
  assert.throws(run, { code: 'INVALID_ARGUMENT', message })

test('what does not fit is named', () => {
  refused(() => NdArray.fromNested([[1], [2, 3]]), /^tensor 'array' has lists of 1 and of 2 values/)
  refused(() => NdArray.fromNested([1, null], 'INT32'), /^tensor 'array', element 1: null is not an integer/)
  refused(() => NdArray.fromNested([null, 'bar']), /^tensor 'array', element 1 is "bar"/)
  refused(() => NdArray.fromNested(['bar', null], 'BYTES'), /null is not text or bytes/)
  refused(() => NdArray.fromNested(Float64Array.of(1), 'FP32'), /^tensor 'array' of datatype FP32 holds/)
  refused(() => NdArray.of('FP32', [2, 2], [1, 2, 3]), /has 3 elements; shape \[2,2\] needs exactly 4/)
  refused(
    () =>
      NdArray.of(
        'INT8',
        Array.from({ length: 65 }, () => 1),
        [1],
      ),
    /65 dimensions; an array has at most 64/,
  )
})

test('a huge shape without elements is harmless until lists are asked of it', () => {
  const empty = NdArray.of('INT8', [2 ** 53 - 1, 0], [])
  assert.equal(empty.size, 0)
  assert.deepEqual(empty.row(7)?.shape, [0])
  assert.throws(() => empty.toNested(), { code: 'INVALID_ARGUMENT', message: /too many empty rows/ })
  assert.equal(JSON.stringify(empty), '[]')
})

test('JSON has lists, with bytes as text and no number that is not exact', () => {
  assert.equal(JSON.stringify({ matrix }), '{"matrix":[[1,2,3],[4,5,6]]}')
  assert.equal(JSON.stringify(NdArray.of('BYTES', [1], ['é'])), '["é"]')
  assert.equal(JSON.stringify(NdArray.of('INT64', [1], [5n])), '[5]')
  for (const array of [
    NdArray.of('INT64', [1], [2n ** 53n]),
    NdArray.of('BYTES', [1], [Uint8Array.of(0xff)]),
  ]) {
    assert.throws(() => JSON.stringify(array), { code: 'INVALID_ARGUMENT' })
  }
})

test('is told by its brand', () => {
  assert.equal(NdArray.is(matrix), true)
  for (const other of [{ shape: [1], data: [1] }, [1], null, 'x']) assert.equal(NdArray.is(other), false)
})

test('typed arrays and packed bytes show their datatype', () => {
  assert.equal(datatypeOfData(new Float16Array(1)), 'FP16')
  assert.equal(datatypeOfData(Buffer.from('a')), 'UINT8')
  assert.equal(datatypeOfData(BytesArray.from(['a'])), 'BYTES')
  for (const other of [[1], new DataView(new ArrayBuffer(1)), null])
    assert.equal(datatypeOfData(other), undefined)
})

test('every datatype comes back from its nested lists', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...DATATYPES),
      fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 }),
      (datatype, shape) => {
        const count = shape.reduce((a, b) => a * b, 1)
        const values = Array.from({ length: count }, (_, index) =>
          datatype === 'BYTES' ? `${index}` : index % 2,
        )
        const array = NdArray.fromTensor({ name: 'x', datatype, shape, data: values } as never)
        assert.deepEqual(NdArray.fromNested(array.toNested(), datatype), array)
      },
    ),
  )
})
