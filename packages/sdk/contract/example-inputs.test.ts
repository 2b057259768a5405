import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BytesArray, DATATYPES } from '../tensor/index.ts'
import type { TensorSpec } from './contract.ts'
import { compileContractCheck } from './contract-check.ts'
import { exampleInputs } from './example-inputs.ts'

test('satisfies a contract with every datatype, free dimensions and optional fields', () => {
  const specs = DATATYPES.map(
    (datatype, index): TensorSpec => ({
      name: datatype,
      datatype,
      shape: [-1, 2, -1].slice(index % 3),
      isOptional: index % 2 === 0,
    }),
  )
  const tensors = exampleInputs(specs)
  compileContractCheck(specs, 'input')!(tensors)
  assert.deepEqual(
    tensors.map(tensor => tensor.name),
    [...DATATYPES],
  )
  assert.deepEqual(tensors[DATATYPES.indexOf('FP32')]!.data, new Float32Array(2))
})

test('texts are an example in the form of their content type', () => {
  const examples = [undefined, 'str', 'base64', 'datetime', 'pd_json', 'constructor'].map(contentType => {
    const [tensor] = exampleInputs([{ name: 'x', datatype: 'BYTES', shape: [2], contentType }])
    return (tensor!.data as BytesArray).toStrings()
  })
  const texts = ['example', 'example', 'ZXhhbXBsZQ==', '2000-01-01T00:00:00Z', '"example"', 'example']
  assert.deepEqual(
    examples,
    texts.map(text => [text, text]),
  )
})

test('refuses a shape that no tensor can have', () => {
  assert.throws(() => exampleInputs([{ name: 'x', datatype: 'INT8', shape: [-2] }]), {
    code: 'INVALID_ARGUMENT',
  })
})
