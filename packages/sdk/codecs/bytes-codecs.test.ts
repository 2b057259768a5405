import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Tensor, toTensor } from '../tensor/index.ts'
import { base64Codec, textCodec } from './bytes-codecs.ts'

const bytesTensor = (...data: (string | Uint8Array)[]): Tensor =>
  toTensor({ name: 'x', datatype: 'BYTES', shape: [data.length], data })
const textsOf = (tensor: Tensor) => (tensor.datatype === 'BYTES' ? tensor.data.toStrings() : assert.fail())
const utf8 = (text: string) => new TextEncoder().encode(text)

test('str reads one text or many', () => {
  assert.deepEqual(textCodec.decode(bytesTensor('hello')), ['hello'])
  assert.deepEqual(textCodec.decode(bytesTensor('hello', utf8('wörld'))), ['hello', 'wörld'])
  assert.deepEqual(textCodec.decode(bytesTensor()), [])
})

test('str writes texts as a column, with its content type', () => {
  const tensor = textCodec.encode('x', ['a', 'b'])
  assert.deepEqual(tensor.shape, [2, 1])
  assert.deepEqual(tensor.parameters, { content_type: 'str' })
  assert.deepEqual(textsOf(tensor), ['a', 'b'])
})

test('str takes texts only, not texts mixed with bytes', () => {
  assert.equal(textCodec.canEncode([]), true)
  assert.equal(textCodec.canEncode(['a', 'b']), true)
  for (const value of [['a', utf8('b')], ['a', null], 'a', [5], undefined]) {
    assert.equal(textCodec.canEncode(value), false)
  }
})

test('str and base64 know nothing of null, which BYTES cannot hold', () => {
  for (const codec of [textCodec, base64Codec]) {
    assert.equal(codec.canEncode([null]), false)
    assert.throws(() => codec.encode('x', [null as never]), { code: 'INVALID_ARGUMENT' })
  }
})

test('str refuses bytes that are not text', () => {
  assert.throws(() => textCodec.decode(bytesTensor('a', Uint8Array.of(0xff))), {
    code: 'INVALID_ARGUMENT',
    message: "tensor 'x', element 1 is not valid UTF-8 text, which content type 'str' needs",
  })
})

test('base64 is the well-known text of the bytes', () => {
  assert.deepEqual(base64Codec.decode(bytesTensor('UHl0aG9uIGlzIGZ1bg==')), [utf8('Python is fun')])
  assert.deepEqual(textsOf(base64Codec.encode('x', [utf8('Python is fun')])), ['UHl0aG9uIGlzIGZ1bg=='])
})

test('base64 takes what is not base64 as it is', () => {
  // "some text!!!" has a length that base64 could have; "UHl0 aG9u" would be base64 without its space.
  for (const text of [
    'Python is fun',
    'some text!!!',
    'UHl0 aG9u',
    'abc',
    'YQ=',
    '====',
    'Y===',
    'a=bc',
    'größe',
  ]) {
    assert.deepEqual(base64Codec.decode(bytesTensor(text)), [utf8(text)], text)
  }
  assert.deepEqual(base64Codec.decode(bytesTensor(Uint8Array.of(0xff, 0))), [Uint8Array.of(0xff, 0)])
})

test('base64 gives arrays whose slices are copies', () => {
  const [bytes] = base64Codec.decode(bytesTensor('UHl0aG9u'))
  const slice = bytes!.slice()
  slice[0] = 0
  assert.equal(bytes![0], 'P'.charCodeAt(0))
})

test('base64 takes bytes only', () => {
  assert.equal(base64Codec.canEncode([utf8('a'), Buffer.from('b')]), true)
  assert.equal(base64Codec.canEncode(['YQ==']), false)
})

test('what a codec writes it reads again', () => {
  const texts = fc.array(fc.string({ unit: 'grapheme' }))
  fc.assert(
    fc.property(texts, values => assert.deepEqual(textCodec.decode(textCodec.encode('x', values)), values)),
  )
  fc.assert(
    fc.property(fc.array(fc.uint8Array()), values =>
      assert.deepEqual(base64Codec.decode(base64Codec.encode('x', values)), values),
    ),
  )
})
