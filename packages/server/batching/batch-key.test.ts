import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  BytesArray,
  type InferenceRequest,
  type Parameters,
  type ParameterValue,
  type Tensor,
} from '@millrace/sdk'
import { batchKey, rowCount } from './batch-key.ts'
import { rows } from './batcher-bed.ts'

const keyOf = (request: Partial<InferenceRequest>, headers = {}) =>
  batchKey({ modelName: 'm', inputs: [rows(1)], ...request }, request.parameters, headers)

const withParameters = (parameters: Parameters): Tensor => ({ ...rows(1), parameters })
const named = (name: string): Tensor => ({ ...rows(1), name })
const shaped = (...shape: number[]): Tensor => ({
  name: 'x',
  datatype: 'FP32',
  shape,
  data: new Float32Array(shape.reduce((count, extent) => count * extent, 1)),
})

test('rows, their number, ids and headers of the way make no difference', () => {
  const key = keyOf({})
  assert.equal(keyOf({ inputs: [rows(2, 3)], id: 'a' }), key)
  assert.equal(batchKey({ modelName: 'm', inputs: [rows(1)] }, undefined, { traceparent: '00-1' }), key)
})

test('everything else does', () => {
  const different: [Partial<InferenceRequest>, object?][] = [
    [{}],
    [{ modelVersion: '1' }],
    [{ inputs: [named('y')] }],
    [{ inputs: [named('x,y')] }],
    [{ inputs: [named('x\n')] }],
    [{ inputs: [named('x'), named('y')] }],
    [{ inputs: [named('y'), named('x')] }],
    [{ inputs: [shaped(1)] }],
    [{ inputs: [shaped(1, 2)] }],
    [{ inputs: [shaped(1, 1, 1)] }],
    [{ inputs: [{ name: 'x', datatype: 'INT32', shape: [1, 1], data: Int32Array.of(1) }] }],
    [{ inputs: [{ name: 'x', datatype: 'BYTES', shape: [1, 1], data: BytesArray.from(['a']) }] }],
    [{ inputs: [withParameters({})] }],
    [{ inputs: [withParameters({ a: 1 })] }],
    [{ outputs: [] }],
    [{ outputs: [{ name: 'x' }] }],
    [{ outputs: [{ name: 'x' }, { name: 'y' }] }],
    [{ outputs: [{ name: 'y' }, { name: 'x' }] }],
    [{ outputs: [{ name: 'x', parameters: { classification: 3 } }] }],
    [{}, { 'x-tenant': 'a' }],
    [{}, { 'x-tenant': 'b' }],
    ...(
      [
        1,
        1n,
        '1',
        true,
        'true',
        null,
        'null',
        NaN,
        -0,
        0,
        Infinity,
        [],
        [1],
        [[1]],
        ['1'],
        {},
      ] as ParameterValue[]
    ).map((value): [Partial<InferenceRequest>] => [{ parameters: { a: value } }]),
    [{ parameters: {} }],
    [{ parameters: { b: 1 } }],
    [{ parameters: { a: 1, b: 1 } }],
    [{ parameters: { a: { int64: '1' } } }],
  ]
  const keys = different.map(([request, headers]) => keyOf(request, headers))
  assert.equal(new Set(keys).size, different.length)
})

test('parameters nested beyond reason are like no others, and do not exhaust the stack', () => {
  let deep: ParameterValue = 1
  for (let depth = 0; depth < 100_000; depth++) deep = [deep]
  assert.notEqual(keyOf({ parameters: { deep } }), keyOf({ parameters: { deep } }))
  let shallow: ParameterValue = 1
  for (let depth = 0; depth < 10; depth++) shallow = [shallow]
  assert.equal(keyOf({ parameters: { shallow } }), keyOf({ parameters: { shallow } }))
})

const count = (...inputs: Tensor[]) => rowCount({ modelName: 'm', inputs })

test('rows are counted where all inputs agree on them', () => {
  assert.equal(count(rows(1, 2, 3)), 3)
  assert.equal(count(shaped(2, 0)), 2)
  assert.equal(count(rows(1, 2), shaped(2, 5)), 2)
  for (const inputs of [[], [shaped()], [shaped(0, 3)], [rows(1), rows(1, 2)], [rows(1), shaped()]]) {
    assert.equal(count(...inputs), 0)
  }
  assert.equal(count({ ...rows(1, 2), shape: [3, 1] }), 0)
})
