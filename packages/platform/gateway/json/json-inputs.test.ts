import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tensor } from '@millrace/sdk'
import fc from 'fast-check'
import type { SignatureField } from '../../store/index.ts'
import { readSignatureSide } from '../signature-side.ts'
import { field } from '../test/table-fixture.ts'
import { compileJsonInputs } from './json-inputs.ts'
import { writeJsonOutputs } from './json-outputs.ts'

function read(fields: readonly SignatureField[], body: string | object): readonly Tensor[] {
  const convert = compileJsonInputs('scale', readSignatureSide(fields, 'input', "servable 's'"))
  // Groups have tests of their own.
  return convert(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))) as readonly Tensor[]
}

function readOne(dtype: string, dims: readonly number[] | undefined, value: string): Tensor {
  const [tensor] = read([field('x', dtype, dims)], `{"x":${value}}`)
  return tensor!
}

test('every data type takes the JSON that is meant for it', () => {
  const cases: [dtype: string, json: string, expected: unknown[]][] = [
    ['DT_DOUBLE', '[1.5,"2.5",-3e2,null,9007199254740993]', [1.5, 2.5, -300, Number.NaN, 9007199254740992]],
    ['DT_FLOAT', '[0.1,"1.5",null]', [Math.fround(0.1), 1.5, Number.NaN]],
    ['DT_HALF', '[1.5,65504]', [1.5, 65504]],
    ['DT_INT8', '[-128,"127"]', [-128, 127]],
    ['DT_UINT8', '[0,255,1.0]', [0, 255, 1]],
    ['DT_INT32', '[2147483647]', [2147483647]],
    ['DT_INT64', '[9223372036854775807,"-9223372036854775808",7]', [2n ** 63n - 1n, -(2n ** 63n), 7n]],
    ['DT_UINT64', '[18446744073709551615,9007199254740993]', [2n ** 64n - 1n, 9007199254740993n]],
    ['DT_BOOL', '[true,false]', [1, 0]],
  ]
  for (const [dtype, json, expected] of cases) {
    const { data, shape } = readOne(dtype, [-1], json)
    assert.deepEqual([...data], expected, dtype)
    assert.deepEqual(shape, [expected.length])
  }
  const texts = readOne('DT_STRING', [-1], '["a","é\\u0000",""]')
  assert.deepEqual(
    [...texts.data].map(bytes => Buffer.from(bytes as Uint8Array).toString()),
    ['a', 'é\0', ''],
  )
  assert.deepEqual(readOne('DT_BFLOAT16', [], '1.5').data, Uint16Array.of(0x3fc0))
})

test('shapes follow from the number of values, and from the nesting where more is open', () => {
  const cases: [dims: readonly number[] | undefined, json: string, expected: readonly number[]][] = [
    [[-1, 2], '[[1,2],[3,4]]', [2, 2]],
    [[-1, 2], '[1,2,3,4]', [2, 2]],
    [[2], '[[1],[2]]', [2]],
    [[], '1', []],
    [[], '[1]', []],
    [[-1], '1', [1]],
    [[-1, 2], '[]', [0, 2]],
    [[2, -1], '[[1,2,3],[4,5,6]]', [2, 3]],
    [[-1, -1], '[[1,2,3],[4,5,6]]', [2, 3]],
    [undefined, '1', []],
    [undefined, '[[1,2,3],[4,5,6]]', [2, 3]],
    [undefined, '[]', [0]],
  ]
  for (const [dims, json, expected] of cases) {
    assert.deepEqual(readOne('DT_DOUBLE', dims, json).shape, expected, json)
  }
})

test('what does not fit is told with field, value and what is allowed', () => {
  const cases: [dtype: string, dims: readonly number[] | undefined, json: string, message: RegExp][] = [
    ['DT_DOUBLE', [], '"abc"', /Field 'x': "abc" is not a number \(incompatible data type DT_DOUBLE\)/],
    ['DT_DOUBLE', [-1], '[1,true]', /Field 'x', element 1: true is not a number/],
    ['DT_DOUBLE', [-1], '[{"a":1}]', /an Object is not a number/],
    ['DT_DOUBLE', [], '" 1"', /" 1" is not a number/],
    ['DT_DOUBLE', [], '"Infinity"', /"Infinity" is not/],
    ['DT_DOUBLE', [], '1e400', /Infinity is not a number/],
    ['DT_FLOAT', [], '1e39', /1e\+39 is not a number from -3\.4/],
    ['DT_INT32', [], '1.5', /1\.5 is not an integer from -2147483648 to 2147483647/],
    ['DT_INT32', [], 'null', /null is not an integer/],
    ['DT_UINT8', [], '300', /300 is not an integer from 0 to 255/],
    [
      'DT_INT64',
      [],
      '9223372036854775808',
      /9223372036854775808 is not an integer from -9223372036854775808/,
    ],
    ['DT_INT64', [], '1e30', /1e\+30 is not an integer/],
    ['DT_STRING', [], '5', /5 is not text/],
    ['DT_STRING', [], '"\\ud800"', /is not text/],
    ['DT_BOOL', [], '1', /1 is not true or false/],
    ['DT_BFLOAT16', [], '3.4e38', /3\.4e\+38 is not a number from/],
    [
      'DT_DOUBLE',
      [-1, 2],
      '[1,2,3]',
      /Incompatible shape for 'x': 3 values; expected a multiple of 2 for \[-1,2\]/,
    ],
    ['DT_DOUBLE', [2], '[1,2,3,4,5]', /5 values; expected 2 for \[2\]/],
    ['DT_DOUBLE', [], '[1,2]', /2 values; expected 1 for \[\]/],
    ['DT_DOUBLE', [-1, -1], '[1,2]', /2 values in arrays of \[2\]; expected arrays nested as \[-1,-1\]/],
    ['DT_DOUBLE', undefined, '[[1],[2,3]]', /ragged/],
    ['DT_DOUBLE', undefined, '[1,[2]]', /ragged/],
    ['DT_DOUBLE', [-1], `${'['.repeat(40)}1${']'.repeat(40)}`, /nested deeper than 32 levels/],
  ]
  for (const [dtype, dims, json, message] of cases) {
    assert.throws(
      () => readOne(dtype, dims, json),
      { code: 'INVALID_ARGUMENT', kind: 'BadRequest', message },
      json,
    )
  }
})

test('all mistakes of a body come together, and no more than can be read', () => {
  const fields = [field('a', 'DT_INT32', []), field('b', 'DT_DOUBLE', [2]), field('c', 'DT_STRING', [])]
  assert.throws(() => read(fields, { a: 'x', b: [1, 'y', 3], extra: {} }), {
    message:
      "Signature 'scale' validation errors: Field 'a': \"x\" is not an integer from -2147483648 to 2147483647 (incompatible data type DT_INT32); " +
      'Field \'b\', element 1: "y" is not a number (incompatible data type DT_DOUBLE); ' +
      "Incompatible shape for 'b': 3 values; expected 2 for [2]; Missing 'c' field",
  })
  const many = { x: Array.from({ length: 1000 }, () => 'no') }
  assert.throws(
    () => read([field('x', 'DT_INT8', [-1])], many),
    (error: Error) => {
      assert.match(error.message, /; and 980 more$/)
      return error.message.length < 5000
    },
  )
})

test('a body that is no object is refused', () => {
  const fields = [field('x', 'DT_INT64', [])]
  const deep = `{"x":1,"y":12345678901234567890,"z":${'['.repeat(200_000)}${']'.repeat(200_000)}}`
  const cases: [body: string, message: RegExp][] = [
    ['[1]', /the body is an array; expected a JSON object/],
    ['5', /the body is a number/],
    ['null', /the body is null/],
    ['"x"', /the body is a string/],
    ['', /the body is not JSON/],
    ['{"x":', /the body is not JSON/],
    [deep, /more than 100 levels/],
  ]
  for (const [body, message] of cases) {
    assert.throws(() => read(fields, body), { code: 'INVALID_ARGUMENT', message })
  }
  const convert = compileJsonInputs('scale', readSignatureSide(fields, 'input', 'it'))
  assert.throws(() => convert(Uint8Array.of(0x7b, 0xff, 0x7d)), { message: /its bytes are not UTF-8/ })
})

test('members of any name are members, and only own ones', () => {
  const [tensor] = read([field('__proto__', 'DT_DOUBLE', [])], '{"__proto__":5}')
  assert.deepEqual([...tensor!.data], [5])
  assert.throws(() => read([field('toString', 'DT_DOUBLE', [])], '{}'), {
    message: /Missing 'toString' field/,
  })
})

test('fields that tensors cannot hold are refused by name', () => {
  const nested = { name: 'person', subfields: [field('age', 'DT_COMPLEX128', [])], shape: { dims: [] } }
  assert.throws(() => read([nested, field('z', 'DT_COMPLEX64', []), field('q', 'DT_QINT8', [])], '{}'), {
    code: 'UNIMPLEMENTED',
    message:
      /input 'person.age' has dtype DT_COMPLEX128; input 'z' has dtype DT_COMPLEX64; input 'q' has dtype DT_QINT8/,
  })
})

const dims = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 })

function roundTrip(
  dtype: string,
  shape: readonly number[],
  data: Tensor['data'],
  datatype: Tensor['datatype'],
) {
  const tensor = { name: 'x', datatype, shape, data } as Tensor
  const body = writeJsonOutputs([tensor])
  const [back] = read([field('x', dtype, shape)], Buffer.from(body).toString())
  assert.deepEqual(back!.data, data)
  assert.deepEqual(back!.shape, shape)
}

const size = (shape: readonly number[]) => shape.reduce((product, extent) => product * extent, 1)

const exactly = <T>(value: fc.Arbitrary<T>) =>
  dims.chain(shape =>
    fc.tuple(fc.constant(shape), fc.array(value, { minLength: size(shape), maxLength: size(shape) })),
  )

test('numbers and integers of every size come back from JSON as they were', () => {
  const finite = { noNaN: true, noDefaultInfinity: true }
  fc.assert(
    fc.property(exactly(fc.double(finite).map(value => value + 0)), ([shape, values]) =>
      roundTrip('DT_DOUBLE', shape, Float64Array.from(values), 'FP64'),
    ),
  )
  fc.assert(
    fc.property(exactly(fc.float(finite).map(value => value + 0)), ([shape, values]) =>
      roundTrip('DT_FLOAT', shape, Float32Array.from(values), 'FP32'),
    ),
  )
  fc.assert(
    fc.property(exactly(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), ([shape, values]) =>
      roundTrip('DT_INT64', shape, BigInt64Array.from(values), 'INT64'),
    ),
  )
  fc.assert(
    fc.property(exactly(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })), ([shape, values]) =>
      roundTrip('DT_UINT64', shape, BigUint64Array.from(values), 'UINT64'),
    ),
  )
  fc.assert(
    fc.property(exactly(fc.integer()), ([shape, values]) =>
      roundTrip('DT_INT32', shape, Int32Array.from(values), 'INT32'),
    ),
  )
})
