import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TensorSpec } from '../contract/index.ts'
import { toInputTensors } from './test-inputs.ts'

const specs: readonly TensorSpec[] = [
  { name: 'text', datatype: 'BYTES', shape: [-1], contentType: 'str' },
  { name: 'pixels', datatype: 'UINT8', shape: [-1, 2] },
]

test('tensors become exact', () => {
  const [tensor] = toInputTensors([{ name: 'x', datatype: 'INT8', shape: [2], data: [1, 2] }], [])
  assert.deepEqual(tensor?.data, Int8Array.of(1, 2))
})

test('values become tensors by the declared field, in the order given', () => {
  const tensors = toInputTensors({ pixels: [1, 2, 3, 4], text: ['a', 'b', 'c'] }, specs)
  assert.deepEqual(
    tensors.map(({ name, datatype, shape }) => [name, datatype, shape]),
    [
      ['pixels', 'UINT8', [2, 2]],
      ['text', 'BYTES', [3]],
    ],
  )
})

test('a value that is undefined is not sent', () => {
  assert.deepEqual(toInputTensors({ pixels: undefined }, specs), [])
})

test('a name that is not declared has no datatype', () => {
  assert.throws(() => toInputTensors({ pixel: [1] }, specs), {
    code: 'INVALID_ARGUMENT',
    message: "unexpected input 'pixel'; the model declares 'text', 'pixels'",
  })
  assert.throws(() => toInputTensors({ pixel: [1] }, []), {
    code: 'INVALID_ARGUMENT',
    message:
      "the model declares no inputs, so a value for 'pixel' has no datatype: give tensors [{ name, datatype, shape, data }]",
  })
})

test('a value that does not fit is the test’s fault', () => {
  assert.throws(() => toInputTensors({ pixels: [1, 2, 3] }, specs), {
    code: 'INVALID_ARGUMENT',
    message: /^tensor 'pixels' has 3 elements/,
  })
  assert.throws(() => toInputTensors({ text: 'abc' }, specs), {
    code: 'INVALID_ARGUMENT',
    message: /^input 'text' is "abc"/,
  })
})
