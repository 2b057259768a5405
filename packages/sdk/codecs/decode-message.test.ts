import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TensorSpec } from '../contract/index.ts'
import { type ParameterValue, type Tensor, toTensor } from '../tensor/index.ts'
import { base64Codec, textCodec } from './bytes-codecs.ts'
import { DataFrame } from './data-frame.ts'
import { dataFrameCodec } from './data-frame-codec.ts'
import { decodeInput, decodeRequest, decodeResponse } from './decode-message.ts'
import { dictCodec } from './dict-codec.ts'
import { hgJsonCodec } from './json-codecs.ts'
import { NdArray } from './nd-array.ts'
import { ndArrayRequestCodec } from './single-tensor-codec.ts'

const tensor = (contentType?: ParameterValue, text = 'YQ=='): Tensor =>
  toTensor({
    name: 'x',
    datatype: 'BYTES',
    shape: [1],
    data: [text],
    parameters: contentType === undefined ? undefined : { content_type: contentType },
  })
const spec = (contentType?: string): TensorSpec => ({
  name: 'x',
  datatype: 'BYTES',
  shape: [-1],
  contentType,
})
const message = (contentType?: ParameterValue) => ({
  inputs: [tensor()],
  ...(contentType === undefined ? {} : { parameters: { content_type: contentType } }),
})
const A = [new TextEncoder().encode('a')]

test('an input is what the client says, else the metadata, else the default, else itself', () => {
  assert.deepEqual(decodeInput(tensor('base64'), spec('str')), A)
  assert.deepEqual(decodeInput(tensor(), spec('base64')), A)
  assert.deepEqual(decodeInput(tensor(null), spec('base64')), A)
  assert.deepEqual(decodeInput(tensor(), spec(), base64Codec), A)
  assert.deepEqual(decodeInput(tensor(), undefined, textCodec), ['YQ=='])
  const plain = tensor()
  assert.equal(decodeInput(plain), plain)
})

test('a content type that nobody knows leaves the tensor, unless the caller says what it reads', () => {
  const unknown = tensor('nosuch')
  assert.equal(decodeInput(unknown), unknown)
  assert.equal(decodeInput(unknown, spec('str')), unknown)
  assert.equal(decodeInput(unknown, spec('nosuch')), unknown)
  assert.throws(() => decodeInput(unknown, undefined, textCodec), {
    code: 'INVALID_ARGUMENT',
    message: /^input 'x': content type 'nosuch' is not known; known are 'np', 'str',/,
  })
})

test('with a default the value is of its kind, whoever chose', () => {
  assert.deepEqual(decodeInput(tensor('json', '{}'), undefined, hgJsonCodec), {})
  assert.deepEqual(decodeInput(tensor(undefined, '{}'), spec('json'), hgJsonCodec), {})
  assert.throws(() => decodeInput(tensor('base64'), undefined, textCodec), {
    code: 'INVALID_ARGUMENT',
    message:
      "input 'x' has content type 'base64'; the model reads it as 'str', whose values are of another kind",
  })
  for (const declared of ['base64', 'nosuch']) {
    assert.throws(() => decodeInput(tensor(), spec(declared), textCodec), {
      code: 'FAILED_PRECONDITION',
      message: `input 'x' has content type '${declared}' in the model's metadata; the model reads it as 'str'`,
    })
  }
})

test('a content type is text', () => {
  for (const contentType of [5, true, ['str'], { str: true }]) {
    assert.throws(() => decodeInput(tensor(contentType)), {
      code: 'INVALID_ARGUMENT',
      message: /^input 'x' has the content type .*; expected text$/,
    })
    assert.throws(() => decodeRequest(message(contentType)), {
      message: /^the request has the content type .*; expected text$/,
    })
  }
})

test('a request is what the client says, else the model, else the default, else itself', () => {
  const frame = DataFrame.of({ x: [new TextEncoder().encode('YQ==')] })
  const metadata = { contentType: 'np', inputs: [] }
  assert.deepEqual(decodeRequest(message('pd'), metadata), frame)
  assert.deepEqual(decodeRequest(message(), { contentType: 'pd', inputs: [] }), frame)
  assert.deepEqual(decodeRequest(message(), undefined, dataFrameCodec), frame)
  assert.ok(NdArray.is(decodeRequest(message(), metadata)))
  const plain = message()
  assert.equal(decodeRequest(plain), plain)
})

test('a request of a content type that nobody knows is itself, unless the caller says what it reads', () => {
  const unknown = message('nosuch')
  assert.equal(decodeRequest(unknown), unknown)
  assert.equal(decodeRequest(unknown, { contentType: 'pd', inputs: [] }), unknown)
  const plain = message()
  assert.equal(decodeRequest(plain, { contentType: 'nosuch', inputs: [] }), plain)
  assert.throws(() => decodeRequest(unknown, undefined, dataFrameCodec), {
    code: 'INVALID_ARGUMENT',
    message: "the request: content type 'nosuch' is not known; known are 'pd', 'np', 'str', 'dict', 'hf'",
  })
})

test('a request must be of the default’s kind', () => {
  assert.throws(() => decodeRequest(message('np'), undefined, dataFrameCodec), {
    code: 'INVALID_ARGUMENT',
    message:
      "the request has content type 'np'; the model reads it as 'pd', whose values are of another kind",
  })
  assert.throws(() => decodeRequest(message(), { contentType: 'dict', inputs: [] }, ndArrayRequestCodec), {
    code: 'FAILED_PRECONDITION',
    message: "the request has content type 'dict' in the model's metadata; the model reads it as 'np'",
  })
})

test('where a message has a codec, nothing in it may have an unknown content type', () => {
  const inputs = [tensor('nosuch')]
  assert.throws(() => decodeRequest({ inputs }, undefined, dictCodec), {
    code: 'INVALID_ARGUMENT',
    message: /^input 'x': content type 'nosuch' is not known/,
  })
  // The client cannot mend the model's metadata.
  const metadata = { inputs: [spec('nosuch')] }
  assert.equal(decodeRequest({ inputs: [tensor()] }, metadata, dataFrameCodec).rowCount, 1)
})

test('a client reads a response the same way', () => {
  const outputs = [tensor('str')]
  const frame = DataFrame.of({ x: ['YQ=='] })
  assert.deepEqual(decodeResponse({ outputs, parameters: { content_type: 'pd' } }), frame)
  assert.deepEqual(decodeResponse({ outputs }, dataFrameCodec), frame)
  const plain = { outputs }
  assert.equal(decodeResponse(plain), plain)
  assert.throws(() => decodeResponse({ outputs: [tensor('nosuch')] }, dataFrameCodec), {
    message: /^output 'x': content type 'nosuch' is not known/,
  })
})
