import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Tensor, type TensorLike, toTensor } from '../tensor/index.ts'
import { type Column, DataFrame } from './data-frame.ts'
import { dataFrameCodec } from './data-frame-codec.ts'
import { decodeRequest } from './decode-message.ts'
import { encodeRequest } from './encode-message.ts'
import { NdArray } from './nd-array.ts'
import { OffsetDate } from './offset-date.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)

function encode(column: Column): Tensor {
  const [tensor] = dataFrameCodec.encode(DataFrame.of({ x: column }), 'output')
  return tensor!
}

/** How a column travels: datatype, content type and elements. */
function written(column: Column): unknown[] {
  const { datatype, data, shape, parameters } = encode(column)
  assert.deepEqual(shape, [column.length, 1])
  return [datatype, parameters?.['content_type'], datatype === 'BYTES' ? data.toStrings() : [...data]]
}

function decode(...inputs: TensorLike[]): DataFrame {
  return decodeRequest({ inputs: inputs.map(input => toTensor(input)) }, undefined, dataFrameCodec)
}

test('each kind of column has its datatype and content type', () => {
  const date = new Date('2021-08-24T15:01:19Z')
  const cases: [Column, ...unknown[]][] = [
    [[1, 2], 'INT64', undefined, [1n, 2n]],
    [[1, 2.5], 'FP64', undefined, [1, 2.5]],
    [[1, Number.NaN], 'FP64', undefined, [1, Number.NaN]],
    [[1, null], 'FP64', undefined, [1, Number.NaN]],
    [[2n ** 63n], 'UINT64', undefined, [2n ** 63n]],
    [Float32Array.of(1, 2), 'FP32', undefined, [1, 2]],
    [[true, false], 'BOOL', undefined, [1, 0]],
    [['a', 'b'], 'BYTES', 'str', ['a', 'b']],
    [[utf8('a')], 'BYTES', undefined, ['a']],
    [[date], 'BYTES', 'datetime', ['2021-08-24T15:01:19.000Z']],
    [[], 'FP64', undefined, []],
  ]
  for (const [column, ...expected] of cases) assert.deepEqual(written(column), expected)
})

test('anything else is JSON, for the whole column', () => {
  const cases: [Column, string[]][] = [
    [
      [['a', 1], []],
      ['["a",1]', '[]'],
    ],
    [[{ a: 1, b: null }], ['{"a":1,"b":null}']],
    [[NdArray.of('FP32', [2, 1], [1, 2])], ['[[1],[2]]']],
    [[Float32Array.of(1, 2)], ['[1,2]']],
    [
      ['a', 1, null, { b: 2 }],
      ['"a"', '1', 'null', '{"b":2}'],
    ],
    [
      ['a', null],
      ['"a"', 'null'],
    ],
    [
      [null, null],
      ['null', 'null'],
    ],
    [
      [true, 1],
      ['true', '1'],
    ],
  ]
  for (const [column, texts] of cases) assert.deepEqual(written(column), ['BYTES', 'pd_json', texts])
})

test('a column that nothing can carry is named', () => {
  for (const column of [[undefined], [() => 0], [1n, 0.5], [['a'], 5n]]) {
    assert.throws(() => encode(column), { code: 'INVALID_ARGUMENT', message: /^tensor 'x', element/ })
  }
})

const text = (contentType?: string, ...data: string[]): TensorLike => ({
  name: contentType ?? 'bytes',
  datatype: 'BYTES',
  shape: [2],
  data,
  parameters: contentType === undefined ? undefined : { content_type: contentType },
})

test('columns are read by datatype and content type', () => {
  const frame = decode(
    { name: 'ints', datatype: 'INT32', shape: [2, 1], data: [1, 2] },
    { name: 'floats', datatype: 'FP64', shape: [2], data: [1, Number.NaN] },
    { name: 'flags', datatype: 'BOOL', shape: [2, 1, 1], data: [true, false] },
    { name: 'halves', datatype: 'BF16', shape: [2], data: [1, 1.5] },
    { name: 'rows', datatype: 'INT8', shape: [2, 3], data: [1, 2, 3, 4, 5, 6] },
    text(undefined, 'a', 'b'),
    text('str', 'a', 'b'),
    text('base64', 'YQ==', 'Yg=='),
    text('datetime', '2021-08-24', '2021-08-24T00:00-04:00'),
    text('pd_json', '{"a":1}', 'null'),
  )
  assert.deepEqual(Object.fromEntries(frame.columns), {
    ints: Int32Array.of(1, 2),
    floats: Float64Array.of(1, Number.NaN),
    flags: [true, false],
    halves: Float32Array.of(1, 1.5),
    rows: [NdArray.of('INT8', [3], [1, 2, 3]), NdArray.of('INT8', [3], [4, 5, 6])],
    bytes: [utf8('a'), utf8('b')],
    str: ['a', 'b'],
    base64: [utf8('a'), utf8('b')],
    datetime: [new Date('2021-08-24'), new OffsetDate('2021-08-24T04:00Z', -240)],
    pd_json: [{ a: 1 }, null],
  })
})

test('metadata give columns their content type where the client does not', () => {
  const inputs = [toTensor({ name: 'x', datatype: 'BYTES', shape: [1], data: ['YQ=='] })]
  const spec = { name: 'x', datatype: 'BYTES', shape: [-1], contentType: 'base64' } as const
  assert.deepEqual(decodeRequest({ inputs }, { inputs: [spec] }, dataFrameCodec).column('x'), [utf8('a')])
})

test('a whole table of text, and a single JSON value', () => {
  const frame = decode(
    { name: 'a', datatype: 'BYTES', shape: [1], data: ['x'], parameters: { content_type: 'str' } },
    { name: 'b', datatype: 'BYTES', shape: [1, 1], data: ['{}'], parameters: { content_type: 'json' } },
    { name: 'c', datatype: 'INT8', shape: [1, 1], data: [1], parameters: { content_type: 'np' } },
  )
  assert.deepEqual(frame.toRecords(), [{ a: 'x', b: {}, c: 1 }])
})

const refused = (inputs: TensorLike[], message: RegExp | string) =>
  assert.throws(() => decode(...inputs), { code: 'INVALID_ARGUMENT', message })

test('tensors that make no table are refused', () => {
  const one = { name: 'a', datatype: 'INT8', shape: [1], data: [1] } as const
  refused([one, { ...one, name: 'b', shape: [2], data: [1, 2] }], "column 'b' has 2 rows; column 'a' has 1")
  refused([one, one], "column 'a' is given twice")
  refused([{ ...one, shape: [3, 0], data: [] }], /needs rows that are not empty$/)
  const rows = { ...one, shape: [262_145, 2], data: new Int8Array(2 * 262_145) }
  for (const tensor of [rows, { ...one, shape: [2 ** 53 - 1, 0], data: [] }]) {
    refused([tensor], /takes at most 262144 rows that are arrays$/)
  }
  refused([{ ...one, parameters: { content_type: 'str' } }], /content type 'str' needs BYTES/)
  refused(
    [{ name: 'a', datatype: 'BYTES', shape: [1], data: ['{'], parameters: { content_type: 'pd_json' } }],
    /element 0 is not a JSON text/,
  )
  refused([{ ...one, parameters: { content_type: 'nosuch' } }], /'nosuch' is not known; known are/)
})

const list = <T>(count: number, element: fc.Arbitrary<T>) =>
  fc.array(element, { minLength: count, maxLength: count })

const column = (count: number): fc.Arbitrary<Column> =>
  fc.oneof(
    list(count, fc.string({ unit: 'grapheme' })),
    list(count, fc.boolean()),
    list(count, fc.uint8Array()),
    list(count, fc.dictionary(fc.string(), fc.integer(), { noNullPrototype: true })),
    list(count, fc.double()).map(values => Float64Array.from(values)),
    list(count, fc.bigInt({ min: 0n, max: 2n ** 63n - 1n })).map(values => BigInt64Array.from(values)),
  )

test('what it writes it reads again', () => {
  const rows = fc.integer({ min: 1, max: 5 })
  const frames = rows.chain(count =>
    fc.uniqueArray(fc.tuple(fc.string(), column(count)), { selector: ([name]) => name, maxLength: 4 }),
  )
  fc.assert(
    fc.property(frames, columns => {
      const frame = DataFrame.of(columns)
      const { inputs, parameters } = encodeRequest(frame)
      assert.deepEqual(parameters, { content_type: 'pd' })
      assert.deepEqual(decodeRequest({ inputs, parameters }), frame)
    }),
  )
})
