import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type TensorLike, toTensor } from '../tensor/index.ts'
import { rawCodec } from './raw-codec.ts'

const decode = (tensor: Omit<TensorLike, 'name'>) =>
  rawCodec.decode(toTensor({ name: 'x', ...tensor } as TensorLike))

test('each kind of value has its datatype', () => {
  const cases = [
    ['text', 'BYTES'],
    [5, 'INT64'],
    [2.5, 'FP64'],
    [Number.NaN, 'FP64'],
    [2n ** 63n, 'UINT64'],
    [true, 'BOOL'],
  ] as const
  for (const [value, datatype] of cases) {
    const tensor = rawCodec.encode('x', value)
    assert.equal(tensor.datatype, datatype)
    assert.deepEqual(tensor.shape, [1])
    assert.deepEqual(tensor.parameters, { content_type: 'raw' })
    assert.equal(rawCodec.decode(tensor), value)
  }
})

test('a datatype and a shape may be given', () => {
  assert.deepEqual(rawCodec.encode('x', 5, [1, 1], 'FP32').data, Float32Array.of(5))
  assert.throws(() => rawCodec.encode('x', 300, [1], 'INT8'), { code: 'INVALID_ARGUMENT' })
  assert.throws(() => rawCodec.encode('x', 'a', [1], 'INT8'), { code: 'INVALID_ARGUMENT' })
})

test('64-bit integers are numbers where those are exact', () => {
  assert.equal(decode({ datatype: 'INT64', shape: [1], data: [5n] }), 5)
  assert.equal(decode({ datatype: 'INT64', shape: [], data: [2n ** 53n] }), 2n ** 53n)
})

test('needs one element, and text that is text', () => {
  for (const data of [[], [1, 2]]) {
    assert.throws(() => decode({ datatype: 'INT8', shape: [data.length], data }), {
      code: 'INVALID_ARGUMENT',
      message: `tensor 'x' has ${data.length} elements; content type 'raw' needs exactly 1`,
    })
  }
  assert.throws(() => decode({ datatype: 'BYTES', shape: [1], data: [Uint8Array.of(0xff)] }), {
    code: 'INVALID_ARGUMENT',
    message: "tensor 'x', element 0 is not valid UTF-8 text, which content type 'raw' needs",
  })
})

test('takes single values only', () => {
  for (const value of [['a'], null, undefined, {}, Symbol('s')])
    assert.equal(rawCodec.canEncode(value), false)
})

test('what it writes it reads again', () => {
  const value = fc.oneof(fc.string({ unit: 'grapheme' }), fc.double(), fc.integer(), fc.boolean())
  fc.assert(fc.property(value, raw => assert.ok(Object.is(rawCodec.decode(rawCodec.encode('x', raw)), raw))))
})
