import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, signature, tensor } from '../test/serving-bed.ts'
import { exampleInputs } from './example-inputs.ts'

test('every datatype has its value, in the shape of its field', () => {
  const inputs = [
    tensor('xs', [-1, 2]),
    tensor('flag', [], 'DT_BOOL'),
    tensor('word', [2], 'DT_STRING'),
    tensor('any', null, 'DT_INT64'),
    tensor('half', [], 'DT_HALF'),
    tensor('pair', [1], 'DT_COMPLEX64'),
    { name: 'person', subfields: [tensor('age', [], 'DT_UINT8')], shape: null },
  ]
  assert.deepEqual(exampleInputs(signature(inputs, [tensor('y')])), {
    xs: [[1, 1]],
    flag: true,
    word: ['foo', 'foo'],
    any: [1],
    half: 1,
    pair: [[1, 0]],
    person: { age: 1 },
  })
})

test('what has no JSON is named, and huge shapes are refused', () => {
  assert.throws(
    () => exampleInputs(signature([tensor('v', [], 'DT_VARIANT')], [tensor('y')])),
    refusal('UNIMPLEMENTED', /field 'v' has dtype DT_VARIANT/),
  )
  assert.throws(
    () => exampleInputs(signature([tensor('v', [1_000_000, 1_000_000])], [tensor('y')])),
    refusal('RESOURCE_EXHAUSTED', /field 'v' has shape \[1000000, 1000000\]; .* at most 1000000 elements/),
  )
})
