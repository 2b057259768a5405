import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Tensor, toTensor } from '../tensor/index.ts'
import { hgJsonCodec, hgJsonListCodec, jsonCodec, jsonListCodec } from './json-codecs.ts'

const bytesTensor = (...data: (string | Uint8Array)[]): Tensor =>
  toTensor({ name: 'x', datatype: 'BYTES', shape: [data.length], data })
const textsOf = (tensor: Tensor) => (tensor.datatype === 'BYTES' ? tensor.data.toStrings() : assert.fail())
const utf8 = (text: string) => new TextEncoder().encode(text)

test('pd_json reads and writes compact JSON', () => {
  assert.deepEqual(jsonListCodec.decode(bytesTensor('{"hello":"world"}', utf8('[1, null]'), '"text"')), [
    { hello: 'world' },
    [1, null],
    'text',
  ])
  const values = [{ hello: 'world' }, [1, 'a', null], Number.NaN, 'text', true]
  assert.deepEqual(textsOf(jsonListCodec.encode('x', values)), [
    '{"hello":"world"}',
    '[1,"a",null]',
    'null',
    '"text"',
    'true',
  ])
})

test('pd_json writes typed arrays as lists, at any depth', () => {
  const values = [Float32Array.of(1, 2.5), { scores: Int8Array.of(-1) }]
  assert.deepEqual(textsOf(jsonListCodec.encode('x', values)), ['[1,2.5]', '{"scores":[-1]}'])
})

test('pd_json refuses what is not JSON', () => {
  assert.throws(() => jsonListCodec.decode(bytesTensor('{}', '{broken')), {
    code: 'INVALID_ARGUMENT',
    message: "tensor 'x', element 1 is not a JSON text, which content type 'pd_json' needs",
  })
})

test('pd_json refuses what JSON has no word for, at once or deep inside', () => {
  for (const value of [undefined, () => 0, Symbol('s'), 5n])
    assert.equal(jsonListCodec.canEncode([value]), false)
  const circle: { self?: object } = {}
  circle.self = circle
  for (const value of [circle, { big: 5n }, { toJSON: () => undefined }]) {
    assert.throws(() => jsonListCodec.encode('x', [value]), {
      code: 'INVALID_ARGUMENT',
      message: "tensor 'x', element 0 cannot be written as a JSON text, which content type 'pd_json' needs",
    })
  }
})

test('json is one value in one element', () => {
  for (const codec of [jsonCodec, hgJsonCodec]) {
    assert.deepEqual(codec.decode(bytesTensor('{"hello":"world"}')), { hello: 'world' })
    assert.deepEqual(codec.decode(bytesTensor(utf8('[1]'))), [1])
    const tensor = codec.encode('x', { hello: ['world'], scores: Float32Array.of(1, 2.5) })
    assert.deepEqual(tensor.shape, [1])
    assert.deepEqual(tensor.parameters, { content_type: codec.contentType })
    assert.deepEqual(textsOf(tensor), ['{"hello":["world"],"scores":[1,2.5]}'])
  }
})

test('json refuses more or less than one element, before it reads any', () => {
  for (const tensor of [bytesTensor(), bytesTensor('{broken', '{broken')]) {
    assert.throws(() => jsonCodec.decode(tensor), {
      code: 'INVALID_ARGUMENT',
      message: `tensor 'x' has ${tensor.data.length} elements; content type 'json' needs exactly 1`,
    })
  }
})

test('json refuses another datatype, broken text and bytes that are no text', () => {
  const numbers: Tensor = { name: 'x', datatype: 'INT8', shape: [2], data: Int8Array.of(1, 2) }
  for (const tensor of [numbers, bytesTensor('{broken'), bytesTensor(Uint8Array.of(0xff)), bytesTensor('')]) {
    assert.throws(() => jsonCodec.decode(tensor), {
      code: 'INVALID_ARGUMENT',
      message: /^tensor 'x'.*content type 'json' needs/,
    })
  }
})

test('depth beyond the stack is refused, not a crash', () => {
  const depth = 200_000
  const nested = '['.repeat(depth) + ']'.repeat(depth)
  let value: unknown
  try {
    value = jsonCodec.decode(bytesTensor(nested))
  } catch (error) {
    return assert.match(String(error), /is not a JSON text/)
  }
  assert.throws(() => jsonCodec.encode('x', value), { code: 'INVALID_ARGUMENT' })
})

test('a name of the prototype is a member like any other', () => {
  const value = jsonCodec.decode(bytesTensor('{"__proto__":{"isAdmin":true}}')) as { isAdmin?: boolean }
  assert.equal(value.isAdmin, undefined)
})

test('hg_jsonlist and hg_json are other names of the same values', () => {
  assert.deepEqual(hgJsonListCodec.decode(jsonListCodec.encode('x', [1, { a: 2 }])), [1, { a: 2 }])
  assert.equal(hgJsonListCodec.sameValuesAs, jsonListCodec.contentType)
  assert.equal(hgJsonCodec.sameValuesAs, jsonCodec.contentType)
})

test('what a codec writes it reads again', () => {
  fc.assert(
    fc.property(fc.array(fc.json()), values => {
      const parsed = values.map(value => JSON.parse(value) as unknown)
      assert.deepEqual(
        JSON.stringify(jsonListCodec.decode(jsonListCodec.encode('x', parsed))),
        JSON.stringify(parsed),
      )
    }),
  )
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const read = jsonCodec.decode(jsonCodec.encode('x', value))
      assert.deepEqual(JSON.stringify(read), JSON.stringify(value))
    }),
  )
})
