import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TensorSpec } from '../contract/index.ts'
import { BytesArray, type ParameterValue, type Tensor, toTensor } from '../tensor/index.ts'
import { registerCodec } from './codec-registry.ts'
import { createFieldCodec } from './field-codec.ts'
import { NdArray } from './nd-array.ts'

const scores: TensorSpec = { name: 'scores', datatype: 'FP32', shape: [-1, 2] }
const texts: TensorSpec = { name: 'texts', datatype: 'BYTES', shape: [-1], contentType: 'str' }
const write = (spec: TensorSpec, value: unknown) => createFieldCodec(spec, 'output').write(value)
const refused = (run: () => unknown, message: string) =>
  assert.throws(run, { code: 'INVALID_ARGUMENT', message })

test('an array gets the shape its field leaves room for', () => {
  for (const value of [[1, 2, 3, 4], Float32Array.of(1, 2, 3, 4)]) {
    assert.deepEqual(write(scores, value), {
      name: 'scores',
      datatype: 'FP32',
      shape: [2, 2],
      data: Float32Array.of(1, 2, 3, 4),
    })
  }
})

test('the exact array is not copied', () => {
  const data = Float32Array.of(1, 2)
  assert.equal(write(scores, data).data, data)
  const packed = BytesArray.from(['a'])
  assert.equal(write({ name: 'x', datatype: 'BYTES', shape: [-1] }, packed).data, packed)
})

test('data with its shape is taken as it is, whatever the field declares', () => {
  const tensor = write({ name: 'x', datatype: 'INT8', shape: [-1, -1] }, { shape: [1, 3], data: [1, 2, 3] })
  assert.deepEqual(tensor.shape, [1, 3])
  assert.deepEqual(tensor.data, Int8Array.of(1, 2, 3))
})

test('a value is written by its content type, in the shape of its field', () => {
  const tensor = write(texts, ['a', 'b'])
  assert.deepEqual(tensor.shape, [2])
  assert.deepEqual(tensor.parameters, { content_type: 'str' })
  assert.deepEqual(write({ ...texts, shape: [-1, -1] }, ['a', 'b']).shape, [2, 1])
  assert.deepEqual(write({ ...texts, shape: [2, -1] }, ['a', 'b', 'c', 'd']).shape, [2, 2])
})

test('a tensor is read by its content type, or stays itself', () => {
  const tensor = write(texts, ['a', 'b'])
  assert.deepEqual(createFieldCodec(texts, 'input').read(tensor), ['a', 'b'])
  assert.equal(
    createFieldCodec({ name: 'texts', datatype: 'BYTES', shape: [-1] }, 'input').read(tensor),
    tensor,
  )
})

test('a codec with a shape of its own keeps it where the field leaves it free', () => {
  registerCodec<readonly [width: number, height: number]>({
    contentType: 'test-blank-image',
    datatype: 'UINT8',
    canEncode: (value): value is readonly [number, number] => Array.isArray(value),
    encode: (name, [width, height]) => ({
      name,
      datatype: 'UINT8',
      shape: [height, width],
      data: new Uint8Array(width * height),
    }),
    decode: ({ shape: [height = 0, width = 0] }) => [width, height],
  })
  const image: TensorSpec = {
    name: 'image',
    datatype: 'UINT8',
    shape: [-1, -1],
    contentType: 'test-blank-image',
  }
  assert.deepEqual(write(image, [3, 2]).shape, [2, 3])
})

const tensor = (contentType: ParameterValue): Tensor =>
  toTensor({
    name: 'x',
    datatype: 'BYTES',
    shape: [1],
    data: ['[1]'],
    parameters: { content_type: contentType },
  })

test('a client may name another content type whose values are of the same kind', () => {
  const json: TensorSpec = { name: 'x', datatype: 'BYTES', shape: [-1], contentType: 'pd_json' }
  const field = createFieldCodec(json, 'input')
  for (const contentType of ['pd_json', 'hg_jsonlist', null]) {
    assert.deepEqual(field.read(tensor(contentType)), [[1]])
  }
  refused(
    () => field.read(tensor('base64')),
    "input 'x' has content type 'base64'; the model reads it as 'pd_json', whose values are of another kind",
  )
  assert.throws(() => field.read(tensor('nosuch')), {
    code: 'INVALID_ARGUMENT',
    message: /^input 'x': content type 'nosuch' is not known; known are/,
  })
  refused(() => field.read(tensor(5)), "input 'x' has the content type 5; expected text")
  // Without a declared content type the tensor is what the model reads, whatever it is called.
  const plain = createFieldCodec({ ...json, contentType: undefined }, 'input')
  assert.deepEqual(plain.read(tensor('nosuch')), tensor('nosuch'))
})

test('an array field takes numbers in its own datatype, and arrays as they are', () => {
  const spec: TensorSpec = { name: 'x', datatype: 'FP32', shape: [-1, 2], contentType: 'np' }
  const written = write(spec, [1, 2, 3, 4])
  assert.deepEqual([written.shape, written.data], [[2, 2], Float32Array.of(1, 2, 3, 4)])
  assert.deepEqual(write({ ...spec, shape: [-1] }, NdArray.of('FP32', [2], [1, 2])).shape, [2])
  assert.deepEqual(write({ ...spec, shape: [] }, NdArray.of('FP32', [], [1])).shape, [])
  // The contract's check, not a silent reshaping, says what is wrong with these.
  assert.deepEqual(write(spec, NdArray.of('FP32', [2, 3], [1, 2, 3, 4, 5, 6])).shape, [2, 3])
  assert.equal(write(spec, NdArray.of('FP64', [1, 2], [1, 2])).datatype, 'FP64')
  refused(
    () => write(spec, [1, 2, 3]),
    "tensor 'x' has 3 elements, which do not fit its declared shape [-1,2]",
  )
  refused(() => write(spec, ['a']), "output 'x' is an Array, which content type 'np' cannot write")
})

test('what is no value of the field is named', () => {
  refused(() => write(scores, 5), "output 'scores' is 5; expected an array or { shape, data }")
  refused(() => write(scores, null), "output 'scores' is null; expected an array or { shape, data }")
  refused(
    () => write(scores, new DataView(new ArrayBuffer(8))),
    "output 'scores' is a DataView; expected an array or { shape, data }",
  )
  refused(
    () => write({ ...texts, contentType: undefined }, 'abc'),
    `output 'texts' is "abc"; expected an array or { shape, data }`,
  )
  refused(() => write(texts, ['a', 5]), "output 'texts' is an Array, which content type 'str' cannot write")
  refused(
    () => createFieldCodec(texts, 'input').write(7),
    "input 'texts' is 7, which content type 'str' cannot write",
  )
})

test('a value that does not fit its field is refused', () => {
  refused(
    () => write(scores, [1, 2, 3]),
    "tensor 'scores' has 3 elements, which do not fit its declared shape [-1,2]",
  )
  refused(
    () => write(texts, { shape: [1], data: ['a'] }),
    "output 'texts' is an Object, which content type 'str' cannot write",
  )
  refused(
    () => write({ ...texts, shape: [3] }, ['a']),
    "tensor 'texts' has 1 element, which does not fit its declared shape [3]",
  )
  refused(
    () => write(scores, ['a', 'b']),
    `tensor 'scores', element 0: "a" is not a number from -3.4028234663852886e+38 to 3.4028234663852886e+38`,
  )
  refused(
    () => write(scores, { shape: 'wide', data: [] }),
    `tensor 'scores' has shape "wide"; expected an array of integers`,
  )
})

test('an array has no one shape where two dimensions are free', () => {
  refused(
    () => write({ ...scores, shape: [-1, -1] }, [1]),
    "output 'scores' has more than one free dimension in [-1,-1]: give { shape, data } instead of an array",
  )
})

test('a field whose content type does not exist or needs another datatype is refused at once', () => {
  refused(
    () => createFieldCodec({ ...texts, datatype: 'FP32' }, 'input'),
    "input 'texts' has datatype FP32; its content type 'str' needs BYTES",
  )
  assert.throws(() => createFieldCodec({ ...texts, contentType: 'nosuch' }, 'input'), {
    message: /^input 'texts': content type 'nosuch' is not known/,
  })
})
