import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type NumericDatatype, toTensor } from '@millrace/sdk'
import { fillRows, orderColumns, shownNames } from './feature-columns.ts'
import { toFloat32 } from './to-float32.ts'

const NAMES = ['a', 'b']
const indexOf = (name: string) => (NAMES.includes(name) ? NAMES.indexOf(name) : undefined)
const column = (name: string, data: readonly number[], shape: readonly number[] = [data.length]) =>
  toTensor({ name, datatype: 'FP32', shape, data })

test('a table becomes rows in the order of the features', () => {
  const table = orderColumns([column('b', [3, 4]), column('a', [1, 2], [2, 1])], NAMES, indexOf)
  assert.equal(table.rowCount, 2)
  const rows = fillRows(new Float64Array(4), table, ({ data }) => data as Float32Array)
  assert.deepEqual([...rows], [1, 3, 2, 4])
})

test('what is no such table is refused by name', () => {
  const [a, b] = [column('a', [1, 2]), column('b', [1, 2])]
  const table: [inputs: Parameters<typeof orderColumns>[0], message: string][] = [
    [[], "input 'a' is missing; the model was trained with 2 features"],
    [[a], "input 'b' is missing; the model was trained with 2 features"],
    [[a, a], "input 'a' is given twice"],
    [[a, b, column('c', [1, 2])], "unexpected input 'c'; the model has the features 'a', 'b'"],
    [[a, column('b', [1])], "input 'b' has 1 rows, input 'a' 2"],
    [[a, column('b', [1, 2], [1, 2])], "input 'b' has shape [1,2]; a feature has shape [-1] or [-1, 1]"],
  ]
  for (const [inputs, message] of table)
    assert.throws(() => orderColumns(inputs, NAMES, indexOf), { code: 'INVALID_ARGUMENT', message })
})

test('of many names ten are shown', () => {
  assert.equal(shownNames([]), 'none')
  assert.match(shownNames(Array.from({ length: 12 }, (_, index) => `f${index}`)), /^'f0', .*'f9' and 2 more$/)
})

test('every datatype of numbers becomes float32', () => {
  const datatypes: readonly NumericDatatype[] = ['BOOL', 'UINT8', 'INT64', 'UINT64', 'BF16', 'FP32', 'FP64']
  for (const datatype of datatypes) {
    const tensor = toTensor({ name: 'x', datatype, shape: [2], data: [0, 1] })
    assert.deepEqual([...toFloat32(tensor)], [0, 1], datatype)
  }
})
