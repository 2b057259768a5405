import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toTensor } from '../tensor/index.ts'
import { decodeRequest } from './decode-message.ts'
import { dictCodec } from './dict-codec.ts'
import { encodeRequest } from './encode-message.ts'
import { NdArray } from './nd-array.ts'

const arrays = { a: NdArray.of('FP32', [2, 1], [1, 2]), b: NdArray.of('BYTES', [1, 2], ['x', 'y']) }

test('one tensor for each array, and back', () => {
  const { inputs, parameters } = encodeRequest(arrays)
  assert.deepEqual(parameters, { content_type: 'dict' })
  assert.deepEqual(
    inputs.map(({ name, datatype, shape }) => [name, datatype, shape]),
    [
      ['a', 'FP32', [2, 1]],
      ['b', 'BYTES', [1, 2]],
    ],
  )
  assert.deepEqual(decodeRequest({ inputs, parameters }), arrays)
})

test('takes plain objects of arrays only', () => {
  for (const value of [arrays, {}, Object.assign(Object.create(null) as object, arrays)]) {
    assert.equal(dictCodec.canEncode(value), true)
  }
  for (const value of [{ a: [1] }, [arrays.a], arrays.a, new Map(), null, 'a']) {
    assert.equal(dictCodec.canEncode(value), false)
  }
})

test('names that come twice are refused, and those of the prototype are names', () => {
  const tensor = toTensor({ name: '__proto__', datatype: 'INT8', shape: [1], data: [1] })
  const read = decodeRequest({ inputs: [tensor] }, undefined, dictCodec)
  assert.deepEqual(Object.keys(read), ['__proto__'])
  assert.throws(() => decodeRequest({ inputs: [tensor, tensor] }, undefined, dictCodec), {
    code: 'INVALID_ARGUMENT',
    message: "input '__proto__' is given twice, which content type 'dict' cannot tell apart",
  })
})
