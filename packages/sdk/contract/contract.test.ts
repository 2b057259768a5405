import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineContract, toModelContract } from './contract.ts'

const contract = defineContract({
  inputs: {
    text: { datatype: 'BYTES', shape: [-1], contentType: 'str', profile: 'TEXT' },
    limit: { datatype: 'INT32', shape: [1], isOptional: true },
  },
  outputs: { score: { datatype: 'FP32', shape: [-1] } },
})

test('a definition becomes lists in the order in which it was written', () => {
  assert.deepEqual(toModelContract(contract), {
    inputs: [
      { name: 'text', datatype: 'BYTES', shape: [-1], contentType: 'str', profile: 'TEXT' },
      { name: 'limit', datatype: 'INT32', shape: [1], isOptional: true },
    ],
    outputs: [{ name: 'score', datatype: 'FP32', shape: [-1] }],
  })
})

test('a definition keeps its names and datatypes as types', () => {
  const datatype: 'BYTES' = contract.inputs.text.datatype
  assert.equal(datatype, 'BYTES')
  // @ts-expect-error there is no such input
  assert.equal(contract.inputs.txt, undefined)
  // @ts-expect-error there is no such datatype
  defineContract({ inputs: { text: { datatype: 'TEXT', shape: [] } }, outputs: {} })
  // @ts-expect-error a field has a shape
  defineContract({ inputs: {}, outputs: { score: { datatype: 'FP32' } } })
})
