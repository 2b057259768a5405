import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BytesArray } from './bytes-array.ts'
import { DATATYPES, dataBytes, ELEMENT_SIZE_BYTES } from './datatype.ts'
import { type TensorLike, tensorFromBytes, toTensor } from './tensor.ts'

/** What plain JavaScript may pass, whatever the types say. */
const untyped = (tensor: unknown) => toTensor(tensor as TensorLike)
const refused = (run: () => unknown, message: string) =>
  assert.throws(run, { code: 'INVALID_ARGUMENT', message })

test('a tensor that is exact already is returned itself', () => {
  const tensor = { name: 'x', datatype: 'FP32', shape: [2], data: Float32Array.of(1, 2) } as const
  assert.equal(toTensor(tensor), tensor)
})

test('a tensor with a list gets its exact array and keeps the rest', () => {
  const parameters = { content_type: 'str' }
  const tensor = toTensor({ name: 'x', datatype: 'BYTES', shape: [2, 1], data: ['a', 'b'], parameters })
  assert.deepEqual(tensor.data.toStrings(), ['a', 'b'])
  assert.deepEqual(
    { ...tensor, data: null },
    { name: 'x', datatype: 'BYTES', shape: [2, 1], data: null, parameters },
  )
})

test('a scalar has one element and an empty tensor none', () => {
  assert.deepEqual(toTensor({ name: 'x', datatype: 'INT32', shape: [], data: [7] }).data, Int32Array.of(7))
  assert.deepEqual(toTensor({ name: 'x', datatype: 'INT32', shape: [0, 3], data: [] }).data, new Int32Array())
})

test('shape and element count must agree', () => {
  refused(
    () => toTensor({ name: 'x', datatype: 'FP32', shape: [2, 2], data: [1, 2, 3] }),
    "tensor 'x' has 3 elements; shape [2,2] needs exactly 4",
  )
  refused(
    () => toTensor({ name: 'x', datatype: 'BYTES', shape: [], data: BytesArray.from([]) }),
    "tensor 'x' has 0 elements; shape [] needs exactly 1",
  )
  refused(
    () => toTensor({ name: 'x', datatype: 'INT8', shape: [2], data: [1] }),
    "tensor 'x' has 1 element; shape [2] needs exactly 2",
  )
})

test('what is no tensor is named', () => {
  const data = [1]
  refused(() => untyped(null), 'expected a tensor { name, datatype, shape, data }, got null')
  refused(() => untyped('x'), 'expected a tensor { name, datatype, shape, data }, got "x"')
  refused(() => untyped({ datatype: 'INT8', shape: [1], data }), 'a tensor has name undefined; expected text')
  refused(
    () => untyped({ name: 'x', datatype: 'FLOAT', shape: [1], data }),
    `tensor 'x' has datatype "FLOAT"; expected one of ${DATATYPES.join(', ')}`,
  )
  refused(
    () => untyped({ name: 'x', datatype: 'INT8', data }),
    "tensor 'x' has shape undefined; expected an array of integers",
  )
  refused(
    () => untyped({ name: 'x', datatype: 'INT8', shape: [1n], data }),
    "tensor 'x' has shape [1]: every dimension must be an integer from 0 to 2^53 - 1",
  )
})

test('bytes of every datatype go in and come out the same', () => {
  for (const datatype of DATATYPES) {
    if (datatype === 'BYTES') continue
    fc.assert(
      fc.property(fc.nat(7), fc.uint8Array({ maxLength: 90 }), (offset, random) => {
        const bytes = datatype === 'BOOL' ? random.map(byte => byte & 1) : random
        const count = Math.floor(Math.max(0, bytes.length - offset) / ELEMENT_SIZE_BYTES[datatype])
        const wire = bytes.subarray(offset, offset + count * ELEMENT_SIZE_BYTES[datatype])
        const tensor = tensorFromBytes('x', datatype, [count], wire)
        assert.equal(tensor.data.length, count)
        assert.equal(toTensor(tensor), tensor)
        assert.deepEqual(dataBytes(tensor.data), wire)
      }),
      { numRuns: 30 },
    )
  }
})

test('packed bytes stay where they are', () => {
  const packed = BytesArray.from(['a', 'bc']).packed()
  const tensor = tensorFromBytes('x', 'BYTES', [2], packed, { content_type: 'str' })
  assert.equal(dataBytes(tensor.data), packed)
  assert.deepEqual(tensor.parameters, { content_type: 'str' })
})

test('64-bit extremes are exact in both forms', () => {
  const values = [-(2n ** 63n), -1n, 0n, 2n ** 63n - 1n]
  const tensor = toTensor({ name: 'x', datatype: 'INT64', shape: [4], data: values })
  assert.deepEqual(tensor.data, BigInt64Array.from(values))
  const back = tensorFromBytes('x', 'INT64', [4], dataBytes(tensor.data))
  assert.deepEqual(back.data, tensor.data)
})
