import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import type { InferenceRequest } from '../../model/index.ts'
import type { Parameters } from '../../tensor/index.ts'
import { inference } from '../index.ts'
import { decodeInferRequest, encodeInferRequest } from './index.ts'

const { LengthDelimited: LEN } = WireType

const PARAMETERS = 4

/** A request whose parameter entries consist of these bytes, given as hex. */
function parametersOf(...entries: string[]): Parameters | undefined {
  const writer = new BinaryWriter()
  for (const entry of entries) writer.tag(PARAMETERS, LEN).bytes(Buffer.from(entry, 'hex'))
  return decodeInferRequest(writer.finish()).request.parameters
}

function throughEs(parameters: Parameters) {
  const request: InferenceRequest = { modelName: 'm', inputs: [], parameters }
  const bytes = Buffer.concat(encodeInferRequest(request, false))
  const message = fromBinary(inference.ModelInferRequestSchema, bytes)
  return Object.fromEntries(
    Object.entries(message.parameters).map(([name, { parameterChoice }]) => [
      name,
      [parameterChoice.case, parameterChoice.value],
    ]),
  )
}

test('all five kinds are read', () => {
  assert.deepEqual(
    parametersOf(
      '0a016212020801',
      '0a0169120b10feffffffffffffffff01',
      '0a017312041a026e70',
      '0a016412092100000000000004c0',
      '0a0175120b28ffffffffffffffffff01',
    ),
    { b: true, i: -2, s: 'np', d: -2.5, u: 18446744073709551615n },
  )
})

test('a kind that is set to its default is set', () => {
  assert.deepEqual(parametersOf('0a016212020800', '0a016912021000', '0a017312021a00'), {
    b: false,
    i: 0,
    s: '',
  })
})

test('an unset kind is ignored', () => {
  assert.equal(parametersOf('0a01611200'), undefined)
  assert.equal(parametersOf('0a0161'), undefined)
  assert.equal(parametersOf(''), undefined)
  assert.deepEqual(parametersOf('0a01611200', '0a016212020801'), { b: true })
})

test('a missing name is the empty name, and name and value come in either order', () => {
  assert.deepEqual(parametersOf('12020801'), { '': true })
  assert.deepEqual(parametersOf('120208010a0162'), { b: true })
})

test('the last kind of a value and the last entry of a name count', () => {
  assert.deepEqual(parametersOf('0a0161120408011007'), { a: 7 })
  assert.deepEqual(parametersOf('0a016112020801', '0a016112021007'), { a: 7 })
  assert.deepEqual(parametersOf('0a016112020801', '0a0161', '0a016212021007'), { b: 7 })
})

test('a value in two parts is merged', () => {
  assert.deepEqual(parametersOf('0a0161120208011200'), { a: true })
})

test('unknown fields in an entry and in a value are skipped', () => {
  assert.deepEqual(parametersOf('1a01780a0161120432000801'), { a: true })
})

test('__proto__ is a name like any other', () => {
  const parameters = parametersOf(
    `0a09${Buffer.from('__proto__').toString('hex')}12021007`,
    '0a016112021001',
  )!
  assert.equal(Object.getPrototypeOf(parameters), Object.prototype)
  assert.deepEqual(Object.entries(parameters), [
    ['__proto__', 7],
    ['a', 1],
  ])
  assert.equal(Object.getOwnPropertyDescriptor(Object.prototype, 'a'), undefined)
})

test('text that is not UTF-8 is refused, as name and as value', () => {
  for (const entry of ['0a01ff', '0a016112031a01ff']) {
    assert.throws(() => parametersOf(entry), { code: 'INVALID_ARGUMENT', message: /not valid UTF-8/ })
  }
})

test('each value is written as the kind that holds it', () => {
  assert.deepEqual(
    throughEs({
      yes: true,
      no: false,
      small: 46,
      safe: Number.MIN_SAFE_INTEGER,
      large: 2 ** 60,
      minusZero: -0,
      fraction: 0.25,
      nan: Number.NaN,
      infinite: Number.NEGATIVE_INFINITY,
      big: -(2n ** 63n),
      bigger: 2n ** 64n - 1n,
      text: 'np',
      empty: '',
      wide: 'naïve 🙂',
    }),
    {
      yes: ['boolParam', true],
      no: ['boolParam', false],
      small: ['int64Param', 46n],
      safe: ['int64Param', BigInt(Number.MIN_SAFE_INTEGER)],
      large: ['doubleParam', 2 ** 60],
      minusZero: ['doubleParam', -0],
      fraction: ['doubleParam', 0.25],
      nan: ['doubleParam', Number.NaN],
      infinite: ['doubleParam', Number.NEGATIVE_INFINITY],
      big: ['int64Param', -(2n ** 63n)],
      bigger: ['uint64Param', 2n ** 64n - 1n],
      text: ['stringParam', 'np'],
      empty: ['stringParam', ''],
      wide: ['stringParam', 'naïve 🙂'],
    },
  )
})

test('what the protocol has no kind for is written as JSON text, null is left out', () => {
  assert.deepEqual(
    throughEs({
      list: [1, 'a', 2n ** 64n],
      object: { a: null, b: { c: true } },
      huge: 2n ** 64n,
      none: null,
    }),
    {
      list: ['stringParam', '[1,"a",18446744073709551616]'],
      object: ['stringParam', '{"a":null,"b":{"c":true}}'],
      huge: ['stringParam', '18446744073709551616'],
    },
  )
  assert.deepEqual(throughEs({ none: null }), {})
})

test('a value that JSON cannot express is a defect that names the parameter', () => {
  const own: { self?: unknown } = {}
  own.self = own
  const request = { modelName: 'm', inputs: [], parameters: { own } } as unknown as InferenceRequest
  assert.throws(() => encodeInferRequest(request, false), {
    name: 'ServingError',
    code: 'INTERNAL',
    message: "parameter 'own' cannot be written as JSON",
  })
})
