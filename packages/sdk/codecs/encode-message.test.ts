import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TensorSpec } from '../contract/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { base64Codec } from './bytes-codecs.ts'
import { DataFrame } from './data-frame.ts'
import { dataFrameCodec } from './data-frame-codec.ts'
import { encodeOutput, encodeRequest, encodeResponse } from './encode-message.ts'
import { jsonCodec, jsonListCodec } from './json-codecs.ts'
import type { RequestCodec } from './request-codec.ts'

const asked = (contentType: string) => ({ parameters: { content_type: contentType } })
const spec = (contentType?: string): TensorSpec => ({
  name: 'x',
  datatype: 'BYTES',
  shape: [-1],
  contentType,
})
const contentTypeOf = ({ parameters }: Tensor) => parameters?.['content_type']

test('an output is written as the client asks, else the metadata, else what it shows, else the default', () => {
  const value = ['a']
  const defaultCodec = jsonCodec
  const choose = (choice: object) => contentTypeOf(encodeOutput('x', value, choice))
  assert.equal(choose({ requested: asked('hg_json'), spec: spec('pd_json'), defaultCodec }), 'hg_json')
  assert.equal(choose({ requested: {}, spec: spec('pd_json'), defaultCodec }), 'pd_json')
  assert.equal(choose({ spec: spec(), defaultCodec }), 'str')
  assert.equal(choose({ spec: spec('nosuch') }), 'str')
  assert.equal(contentTypeOf(encodeOutput('x', { a: 1 }, { defaultCodec })), 'json')
})

test('the field gives shape and datatype to values that have none', () => {
  const numbers: TensorSpec = { name: 'x', datatype: 'FP32', shape: [-1] }
  assert.deepEqual(encodeOutput('x', [1, 2], { spec: numbers }), {
    name: 'x',
    datatype: 'FP32',
    shape: [2],
    data: Float32Array.of(1, 2),
    parameters: { content_type: 'np' },
  })
  assert.deepEqual(encodeOutput('x', ['a', 'b'], { spec: spec() }).shape, [2])
  assert.deepEqual(encodeOutput('x', ['a', 'b']).shape, [2, 1])
})

test('a value without a codec is told so, in words that MLServer’s clients know', () => {
  for (const value of [{ a: 1 }, null, undefined, [{}]]) {
    assert.throws(() => encodeOutput('x', value), {
      code: 'INVALID_ARGUMENT',
      message: /^Codec not found for output field with name 'x': it is .*, so a content type must be named$/,
    })
  }
})

test('a codec that cannot write the value is named', () => {
  const message = "output 'x' is an Array, which content type 'base64' cannot write"
  for (const choice of [{ requested: asked('base64') }, { spec: spec('base64') }]) {
    assert.throws(() => encodeOutput('x', ['a'], choice), { code: 'INVALID_ARGUMENT', message })
  }
  assert.throws(() => encodeOutput('x', [{}], { defaultCodec: base64Codec }), { message })
  assert.throws(() => encodeOutput('x', ['a'], { requested: asked('nosuch') }), {
    code: 'INVALID_ARGUMENT',
    message: /^output 'x': content type 'nosuch' is not known; known are/,
  })
})

test('a response of a table has its columns and its content type', () => {
  const response = encodeResponse(DataFrame.of({ a: [1, 2, 3], b: ['x', 'y', 'z'] }))
  assert.deepEqual(response.parameters, { content_type: 'pd' })
  assert.deepEqual(
    response.outputs.map(output => [output.name, output.datatype, output.shape, output.parameters]),
    [
      ['a', 'INT64', [3, 1], undefined],
      ['b', 'BYTES', [3, 1], { content_type: 'str' }],
    ],
  )
})

test('a message is written by what it shows, else by the default', () => {
  const records: RequestCodec<readonly object[]> = {
    contentType: 'test-records',
    canEncode: (value): value is readonly object[] => Array.isArray(value),
    encode: (value, side) => [jsonListCodec.encode(`${side}-1`, value)],
    decode: tensors => tensors.map(({ tensor }) => tensor),
  }
  assert.deepEqual(encodeResponse([{ a: 1 }], records).parameters, { content_type: 'test-records' })
  assert.deepEqual(encodeResponse(['a'], records).parameters, { content_type: 'str' })
  // A client says what it means.
  assert.deepEqual(encodeRequest([{ a: 1 }], records).parameters, { content_type: 'test-records' })
  assert.equal(encodeRequest([{ a: 1 }], records).inputs[0]?.name, 'input-1')
})

test('a message without a codec, or of a value that its codec does not write, is refused', () => {
  assert.throws(() => encodeResponse({ a: 1 }), {
    code: 'INVALID_ARGUMENT',
    message: /^Codec not found for a response of an Object: a DataFrame, an NdArray,/,
  })
  assert.throws(() => encodeRequest(5), { message: /^Codec not found for a request of 5:/ })
  assert.throws(() => encodeResponse({ a: 1 }, dataFrameCodec), {
    code: 'INVALID_ARGUMENT',
    message: "the response is an Object, which content type 'pd' cannot write",
  })
})
