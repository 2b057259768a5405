import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Tensor, toTensor } from '../tensor/index.ts'
import { decodeRequest } from './decode-message.ts'
import { encodeRequest } from './encode-message.ts'
import { keywordCodec } from './keyword-codec.ts'
import { NdArray } from './nd-array.ts'

const contentTypesOf = (inputs: readonly Tensor[]): unknown[] =>
  inputs.map(({ name, parameters }) => [name, parameters?.['content_type']])

test('every tensor is a value under its name', () => {
  const inputs = [
    toTensor({ name: 'args', datatype: 'BYTES', shape: [2], data: ['one', 'two'] }),
    toTensor({ name: 'top_k', datatype: 'INT64', shape: [1], data: [3n] }),
    toTensor({ name: 'scores', datatype: 'FP32', shape: [2], data: [0.5, 1] }),
    toTensor({
      name: 'chat',
      datatype: 'BYTES',
      shape: [1],
      data: ['{"a":[1]}'],
      parameters: { content_type: 'hg_json' },
    }),
  ]
  const value = decodeRequest({ inputs }, undefined, keywordCodec)
  assert.deepEqual(value, {
    args: ['one', 'two'],
    top_k: 3,
    scores: NdArray.fromNested([0.5, 1], 'FP32'),
    chat: { a: [1] },
  })
})

test('values are written by what they are, and read again', () => {
  const value = {
    args: ['one', 'two'],
    top_k: 3,
    do_sample: false,
    word: 'x',
    numbers: NdArray.fromNested([[1, 2]], 'INT32'),
    arrays: [NdArray.fromNested([1], 'FP32')],
    chats: [[{ role: 'user', content: 'hello' }]],
    mixed: ['a', { b: 1 }],
    object: { c: null },
  }
  const { inputs, parameters } = encodeRequest(value, keywordCodec)
  assert.deepEqual(contentTypesOf(inputs), [
    ['args', 'str'],
    ['top_k', 'raw'],
    ['do_sample', 'raw'],
    ['word', 'raw'],
    ['numbers', 'np'],
    ['arrays', 'nplist'],
    ['chats', 'hg_conversation'],
    ['mixed', 'hg_jsonlist'],
    ['object', 'hg_json'],
  ])
  assert.deepEqual(parameters, { content_type: 'hf' })
  assert.deepEqual(decodeRequest({ inputs, parameters }), value)
})

test('it must be named: nearly everything would be it', () => {
  assert.throws(() => encodeRequest({ a: [1] }), { message: /^Codec not found/ })
})

test('values of a class, and what JSON has no words for, are not written', () => {
  for (const value of [new Map(), [1], 'x', null, { a: () => 0 }, { a: undefined }]) {
    assert.equal(keywordCodec.canEncode(value), false)
  }
})

test('a name of the prototype is a name like any other, and none may come twice', () => {
  const tensor = toTensor({ name: '__proto__', datatype: 'BYTES', shape: [1], data: ['x'] })
  const read = { tensor, codec: undefined, value: tensor }
  assert.deepEqual(Object.keys(keywordCodec.decode([read], 'input')), ['__proto__'])
  assert.throws(() => keywordCodec.decode([read, read], 'input'), {
    code: 'INVALID_ARGUMENT',
    message: "input '__proto__' is given twice, which content type 'hf' cannot tell apart",
  })
})
