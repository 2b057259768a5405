import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { DATATYPES, dataBytes, type InferenceRequest, type Tensor, toTensor } from '@millrace/sdk'
import * as fc from 'fast-check'
import type { LineRequest } from './line-request.ts'
import { mergeableGroups, mergeKey, mergeRequests, splitResponse } from './merge-requests.ts'

const x = (rows: number, columns = 2): Tensor =>
  toTensor({
    name: 'x',
    datatype: 'INT8',
    shape: [rows, columns],
    data: Array.from({ length: rows * columns }, () => 1),
  })
const y = (rows: number): Tensor => ({ ...x(rows), name: 'y' })

function request(inputs: readonly Tensor[], more: Partial<InferenceRequest> = {}): InferenceRequest {
  return { modelName: 'm', inputs, ...more }
}

function linesOf(requests: readonly InferenceRequest[]): LineRequest[] {
  return requests.map((each, index) => ({ index, request: { ...each, id: String(index) } }))
}

const SAME: readonly (readonly [string, InferenceRequest, InferenceRequest])[] = [
  ['rows', request([x(1)]), request([x(3)])],
  ['order of inputs', request([x(1), y(1)]), request([y(2), x(2)])],
  [
    'order of parameters',
    request([x(1)], { parameters: { a: 1, b: [{ c: 1, d: 2 }] } }),
    request([x(1)], { parameters: { b: [{ d: 2, c: 1 }], a: 1 } }),
  ],
]
const DIFFERENT: readonly (readonly [string, InferenceRequest, InferenceRequest])[] = [
  ['names', request([x(1)]), request([y(1)])],
  ['trailing shapes', request([x(1, 2)]), request([x(1, 3)])],
  ['datatypes', request([x(1)]), request([{ ...x(1), datatype: 'UINT8', data: new Uint8Array(2) }])],
  ['parameters', request([x(1)], { parameters: { a: 1 } }), request([x(1)], { parameters: { a: '1' } })],
  [
    'large integers',
    request([x(1)], { parameters: { a: 2n ** 60n } }),
    request([x(1)], { parameters: { a: 2n ** 61n } }),
  ],
  ['parameters of inputs', request([x(1)]), request([{ ...x(1), parameters: { content_type: 'np' } }])],
  ['outputs', request([x(1)], { outputs: [{ name: 'a' }] }), request([x(1)], { outputs: [{ name: 'b' }] })],
]

suite('requests that differ in', () => {
  for (const [title, left, right] of SAME) {
    test(`${title} are merged`, () => assert.equal(mergeableGroups(linesOf([left, right])).length, 1))
  }
  for (const [title, left, right] of DIFFERENT) {
    test(`${title} are not`, () => assert.equal(mergeableGroups(linesOf([left, right])).length, 2))
  }
  for (const [title, alone] of [
    ['no inputs', request([])],
    ['no rows', request([toTensor({ name: 'x', datatype: 'INT8', shape: [], data: [1] })])],
    ['inputs of different rows', request([x(1), y(2)])],
    ['a name twice', request([x(1), x(1)])],
  ] as const) {
    test(`a request with ${title} goes alone`, () => {
      assert.equal(mergeKey(alone), undefined)
      assert.equal(mergeableGroups(linesOf([alone, alone])).length, 2)
    })
  }
})

const elements = fc
  .constantFrom(...DATATYPES)
  .chain(datatype =>
    fc.tuple(
      fc.constant(datatype),
      fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 5 }),
      fc.nat({ max: 3 }),
    ),
  )

test('what is merged and answered as it is comes apart as it was, whatever the datatype', () => {
  fc.assert(
    fc.property(elements, ([datatype, rows, columns]) => {
      let next = 0
      const lines = linesOf(
        rows.map(count => {
          const values = Array.from({ length: count * columns }, () => next++ % 100)
          const data =
            datatype === 'BYTES'
              ? values.map(value => 'x'.repeat(value % 7))
              : datatype === 'BOOL'
                ? values.map(value => value % 2)
                : datatype.endsWith('T64')
                  ? values.map(BigInt)
                  : values
          return request([toTensor({ name: 'x', datatype, shape: [count, columns], data } as never)])
        }),
      )
      const merged = mergeRequests(lines, 'all')
      assert.equal(merged.id, 'all')
      const parts = splitResponse({ modelName: 'm', outputs: merged.inputs }, lines)
      assert.deepEqual(
        parts?.map(({ outputs: [output] }) => [output!.shape, [...dataBytes(output!.data)]]),
        lines.map(({ request: { inputs } }) => [inputs[0]!.shape, [...dataBytes(inputs[0]!.data)]]),
      )
    }),
  )
})

test('an answer with other rows than the request is not divided', () => {
  const lines = linesOf([request([x(1)]), request([x(2)])])
  assert.equal(splitResponse({ modelName: 'm', outputs: [x(2)] }, lines), undefined)
  assert.equal(splitResponse({ modelName: 'm', outputs: [x(3), x(1)] }, lines), undefined)
  const scalar = toTensor({ name: 'x', datatype: 'INT8', shape: [], data: [1] })
  assert.equal(splitResponse({ modelName: 'm', outputs: [scalar] }, lines), undefined)
  assert.equal(splitResponse({ modelName: 'm', outputs: [x(3)] }, lines)?.length, 2)
})
