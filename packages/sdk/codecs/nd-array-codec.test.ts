import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BytesArray, DATATYPES, ELEMENT_SIZE_BYTES, tensorFromBytes, toTensor } from '../tensor/index.ts'
import { NdArray } from './nd-array.ts'
import { ndArrayCodec } from './nd-array-codec.ts'

const shapeOf = (value: Parameters<typeof ndArrayCodec.encode>[1]) => ndArrayCodec.encode('x', value).shape

test('a flat array is a column, a single value has one element, others keep their shape', () => {
  assert.deepEqual(shapeOf([1, 2, 3]), [3, 1])
  assert.deepEqual(shapeOf(Float32Array.of(1, 2)), [2, 1])
  assert.deepEqual(shapeOf(NdArray.of('INT8', [], [5])), [1])
  assert.deepEqual(
    shapeOf([
      [1, 2],
      [3, 4],
    ]),
    [2, 2],
  )
  assert.deepEqual(shapeOf([]), [0, 1])
})

test('encodes as MLServer does', () => {
  const { parameters, datatype, data } = ndArrayCodec.encode('x', [1, 2, 3])
  assert.deepEqual(parameters, { content_type: 'np' })
  assert.equal(datatype, 'INT64')
  assert.deepEqual(data, BigInt64Array.of(1n, 2n, 3n))
  const texts = ndArrayCodec.encode('x', NdArray.fromNested(['foo', 'bar']))
  assert.deepEqual(texts.shape, [2, 1])
  assert.deepEqual(texts.datatype === 'BYTES' && texts.data.toStrings(), ['foo', 'bar'])
  assert.deepEqual(ndArrayCodec.encode('x', [21.5, null]).data, Float64Array.of(21.5, Number.NaN))
})

test('bare numbers take a datatype and a shape from outside; an array has its own', () => {
  assert.deepEqual(ndArrayCodec.encode('x', [1, 2], [1, 2], 'FP32'), {
    name: 'x',
    datatype: 'FP32',
    shape: [1, 2],
    data: Float32Array.of(1, 2),
    parameters: { content_type: 'np' },
  })
  const array = NdArray.of('FP64', [2], [1, 2])
  assert.equal(ndArrayCodec.encode('x', array, undefined, 'FP32').data, array.data)
  assert.throws(() => ndArrayCodec.encode('x', array, [3]), {
    code: 'INVALID_ARGUMENT',
    message: "tensor 'x' has 2 elements; shape [3] needs exactly 3",
  })
})

test('decodes a tensor without a copy, null as NaN', () => {
  const tensor = toTensor({ name: 'x', datatype: 'FP16', shape: [3], data: [1, 2, Number.NaN] })
  const array = ndArrayCodec.decode(tensor)
  assert.equal(array.data, tensor.data)
  assert.deepEqual(array.toNested(), [1, 2, Number.NaN])
})

test('refuses a shape that its data do not fill, or of too many dimensions', () => {
  const data = Int8Array.of(1, 2)
  for (const shape of [
    [3],
    [2 ** 53 - 1, 2 ** 53 - 1],
    [-1],
    [1.5],
    Array.from({ length: 10_000 }, () => 1),
  ]) {
    assert.throws(() => ndArrayCodec.decode({ name: 'x', datatype: 'INT8', shape, data }), {
      code: 'INVALID_ARGUMENT',
      message: /^tensor 'x'/,
    })
  }
})

test('takes arrays and lists of numbers, not text, single values or ragged lists', () => {
  for (const value of [
    [1],
    [[true], [false]],
    [1n],
    [null],
    Int8Array.of(1),
    BytesArray.from(['a']),
    NdArray.fromNested(['a']),
  ]) {
    assert.equal(ndArrayCodec.canEncode(value), true)
  }
  for (const value of [
    5,
    'a',
    ['a'],
    [1, 'a'],
    [[1], 2],
    [{}],
    {},
    null,
    undefined,
    new DataView(new ArrayBuffer(1)),
  ]) {
    assert.equal(ndArrayCodec.canEncode(value), false)
  }
})

test('arrays of every datatype are read as they were written, [n] as [n, 1]', () => {
  const shapes = fc.array(fc.nat({ max: 3 }), { maxLength: 4 })
  fc.assert(
    fc.property(
      fc.constantFrom(...DATATYPES),
      shapes,
      fc.uint8Array({ minLength: 1 }),
      (datatype, shape, bytes) => {
        const count = shape.reduce((a, b) => a * b, 1)
        const size = datatype === 'BYTES' ? 4 : ELEMENT_SIZE_BYTES[datatype]
        // Elements of BYTES are empty: four zeros each.
        const random = Uint8Array.from({ length: count * size }, (_, index) => {
          const byte = bytes[index % bytes.length]!
          return datatype === 'BYTES' ? 0 : datatype === 'BOOL' ? byte & 1 : byte
        })
        const array = NdArray.fromTensor(tensorFromBytes('x', datatype, shape, random))
        const read = ndArrayCodec.decode(ndArrayCodec.encode('x', array))
        assert.equal(read.datatype, datatype)
        assert.equal(read.data, array.data)
        assert.deepEqual(read.shape, shape.length === 0 ? [1] : shape.length === 1 ? [...shape, 1] : shape)
      },
    ),
  )
})
