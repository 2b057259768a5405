import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BytesArray } from '../tensor/index.ts'
import { DataFrame } from './data-frame.ts'

test('columns keep their order and are not copied', () => {
  const age = Float32Array.of(1, 2)
  const frame = DataFrame.of([
    ['name', ['a', 'b']],
    ['1', age],
  ])
  assert.deepEqual([...frame.columns.keys()], ['name', '1'])
  assert.equal(frame.column('1'), age)
  assert.equal(frame.column('2'), undefined)
  assert.equal(frame.rowCount, 2)
  assert.equal(DataFrame.of({}).rowCount, 0)
})

test('rows and columns are two ways to see it', () => {
  const records = [
    { name: 'a', age: 1 },
    { name: 'b', age: 2 },
  ]
  const frame = DataFrame.fromRecords(records)
  assert.deepEqual(frame, DataFrame.of({ name: ['a', 'b'], age: [1, 2] }))
  assert.deepEqual(frame.toRecords(), records)
  assert.deepEqual(DataFrame.of({ n: BigInt64Array.of(5n) }).toRecords(), [{ n: 5n }])
})

test('what a row leaves out is null', () => {
  const frame = DataFrame.fromRecords([{ a: 1 }, { b: undefined, c: 'x' }])
  assert.deepEqual(frame.toRecords(), [
    { a: 1, b: null, c: null },
    { a: null, b: null, c: 'x' },
  ])
  assert.equal(DataFrame.fromRecords([{}, {}]).rowCount, 2)
})

const refused = (columns: unknown, message: string) =>
  assert.throws(() => DataFrame.of(columns as never), { code: 'INVALID_ARGUMENT', message })

test('columns that do not make a frame are named', () => {
  refused({ a: [1, 2], b: [1] }, "column 'b' has 1 rows; column 'a' has 2")
  refused({ a: 'text' }, `column 'a' is "text"; expected a list or a typed array`)
  refused({ a: BytesArray.from(['a']) }, "column 'a' is a BytesArray; expected a list or a typed array")
  refused(
    [
      ['a', [1]],
      ['a', [2]],
    ],
    "column 'a' is given twice",
  )
})

test('a name of the prototype is a column like any other', () => {
  const frame = DataFrame.of([['__proto__', [{ isAdmin: true }]]])
  const [record] = frame.toRecords()
  assert.deepEqual(Object.keys(record!), ['__proto__'])
  assert.equal(record!['isAdmin'], undefined)
})

test('is told by its brand', () => {
  assert.equal(DataFrame.is(DataFrame.of({})), true)
  for (const other of [{}, new Map(), null, 5]) assert.equal(DataFrame.is(other), false)
})

test('rows of a frame make the same frame again', () => {
  const names = fc.uniqueArray(
    fc.string({ minLength: 1 }).map(name => `c${name}`),
    { minLength: 1, maxLength: 4 },
  )
  fc.assert(
    fc.property(names, fc.array(fc.integer(), { minLength: 1, maxLength: 5 }), (columns, rows) => {
      const frame = DataFrame.of(columns.map(name => [name, rows] as const))
      assert.deepEqual(DataFrame.fromRecords(frame.toRecords()), frame)
    }),
  )
})
