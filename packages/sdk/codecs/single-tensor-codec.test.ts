import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Tensor, toTensor } from '../tensor/index.ts'
import { decodeRequest, decodeResponse } from './decode-message.ts'
import { encodeRequest, encodeResponse } from './encode-message.ts'
import { hgJsonListCodec, jsonListCodec } from './json-codecs.ts'
import { NdArray } from './nd-array.ts'
import { createSingleTensorCodec, ndArrayRequestCodec, textRequestCodec } from './single-tensor-codec.ts'

const text = (contentType?: string): Tensor =>
  toTensor({
    name: 'x',
    datatype: 'BYTES',
    shape: [1],
    data: ['YQ=='],
    parameters: contentType === undefined ? undefined : { content_type: contentType },
  })

test('the tensor is called by its side', () => {
  const array = NdArray.of('FP64', [1], [21])
  const tensor = {
    datatype: 'FP64',
    shape: [1, 1],
    data: Float64Array.of(21),
    parameters: { content_type: 'np' },
  }
  const parameters = { content_type: 'np' }
  assert.deepEqual(encodeRequest(array), { inputs: [{ name: 'input-1', ...tensor }], parameters })
  assert.deepEqual(encodeResponse(array), { outputs: [{ name: 'output-1', ...tensor }], parameters })
})

test('what it writes it reads again, on both sides', () => {
  const array = NdArray.of('INT8', [2, 2], [1, 2, 3, 4])
  assert.deepEqual(decodeRequest(encodeRequest(array)), array)
  assert.deepEqual(decodeResponse(encodeResponse(array)), array)
  assert.deepEqual(decodeRequest(encodeRequest(['a', 'b'])), ['a', 'b'])
  assert.deepEqual(decodeResponse(encodeResponse(['a', 'b']), textRequestCodec), ['a', 'b'])
})

test('takes exactly one tensor', () => {
  for (const codec of [ndArrayRequestCodec, textRequestCodec]) {
    for (const inputs of [[], [text(), text()]]) {
      assert.throws(() => decodeRequest({ inputs }, undefined, codec), {
        code: 'INVALID_ARGUMENT',
        message: `There was an error encoding / decoding the payload: The '${codec.contentType}' codec only supports a single input tensor (${inputs.length} were received)`,
      })
    }
  }
})

test('a tensor that has a meaning of the same kind is not read again', () => {
  let reads = 0
  const counting = { ...hgJsonListCodec, decode: (tensor: Tensor) => [tensor.name, ++reads] }
  const value = ['read before']
  const codec = createSingleTensorCodec(counting)
  assert.equal(codec.sameValuesAs, 'pd_json')
  const read = { tensor: text(), codec: hgJsonListCodec, value }
  assert.equal(codec.decode([read], 'input'), value)
  assert.equal(codec.decode([{ ...read, codec: jsonListCodec }], 'input'), value)
  assert.equal(reads, 0)
  assert.deepEqual(codec.decode([{ ...read, codec: undefined }], 'input'), ['x', 1])
})

test('a tensor that has a meaning of another kind is refused', () => {
  assert.throws(() => decodeRequest({ inputs: [text('base64')] }, undefined, textRequestCodec), {
    code: 'INVALID_ARGUMENT',
    message:
      "input 'x' has content type 'base64'; the whole message reads it as 'str', whose values are of another kind",
  })
})
