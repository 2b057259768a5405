import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { TensorSpec } from '@millrace/sdk'
import type { InferenceSession } from 'onnxruntime-node'
import { resolveSpecs } from './graph-contract.ts'

const file = fileURLToPath(import.meta.resolve('./test-models/scalar.onnx'))
const unrankedFile = fileURLToPath(import.meta.resolve('./test-models/unranked.onnx'))

const graph: readonly InferenceSession.ValueMetadata[] = [
  { name: 'pixels', isTensor: true, type: 'float32', shape: ['batch', 3, ''] },
  { name: 'caption', isTensor: true, type: 'string', shape: ['batch'] },
]
const pixels: TensorSpec = { name: 'pixels', datatype: 'FP32', shape: [-1, 3, -1] }
const caption: TensorSpec = { name: 'caption', datatype: 'BYTES', shape: [-1] }
const mixed: readonly InferenceSession.ValueMetadata[] = [
  { name: 'label', isTensor: true, type: 'int64', shape: [1] },
  { name: 'output_probability', isTensor: false },
]

function refused(what: string, path = file): { code: string; message: string } {
  return { code: 'FAILED_PRECONDITION', message: `'${path}' cannot be served: ${what}` }
}

test('without a declaration the graph speaks; named and nameless free dimensions are -1', () => {
  assert.deepEqual(resolveSpecs('input', graph, [], file), [pixels, caption])
})

test('a declaration that agrees is published with all it says, and may narrow a free dimension', () => {
  const declared: TensorSpec[] = [
    { ...caption, contentType: 'str', profile: 'TEXT' },
    { ...pixels, shape: [1, 3, 224] },
  ]
  assert.deepEqual(resolveSpecs('input', graph, declared, file), declared)
})

test('a declared output may stand alone; a declared input may not', () => {
  assert.deepEqual(resolveSpecs('output', graph, [caption], file), [caption])
  assert.throws(
    () => resolveSpecs('input', graph, [caption], file),
    refused("the settings declare inputs, but not 'pixels', which the graph needs"),
  )
})

test('a declared name must be in the graph', () => {
  assert.throws(
    () => resolveSpecs('output', graph, [{ ...caption, name: 'title' }], file),
    refused("the settings declare output 'title', but the graph has 'pixels', 'caption'"),
  )
})

test('a declared datatype must be that of the graph', () => {
  assert.throws(
    () => resolveSpecs('input', graph, [{ ...pixels, datatype: 'FP64' }], file),
    refused("the settings declare input 'pixels' as FP64; in the graph it is FP32"),
  )
})

for (const shape of [[-1, -1, -1], [-1, 4, -1], [-1, 3], []]) {
  test(`a declared shape of [${shape.join(',')}] does not agree with [-1,3,-1]`, () => {
    assert.throws(
      () => resolveSpecs('input', graph, [{ ...pixels, shape }, caption], file),
      refused(
        `the settings declare input 'pixels' with shape [${shape.join(',')}]; in the graph it is [-1,3,-1]`,
      ),
    )
  })
}

test('an output that is no tensor is refused with advice, unless a declaration leaves it out', () => {
  assert.throws(
    () => resolveSpecs('output', mixed, [], file),
    refused(
      "output 'output_probability' is a sequence, map or optional value: export the model so that it returns tensors (scikit-learn: options={'zipmap': False}), or declare the outputs to serve without it",
    ),
  )
  assert.equal(
    resolveSpecs('output', mixed, [{ name: 'label', datatype: 'INT64', shape: [1] }], file).length,
    1,
  )
})

test('an input that is no tensor is refused', () => {
  assert.throws(
    () => resolveSpecs('input', mixed, [], file),
    refused(
      "input 'output_probability' is a sequence, map or optional value, and requests carry tensors only",
    ),
  )
})

test('four-bit integers have no V2 datatype', () => {
  const values = [{ name: 'q', isTensor: true, type: 'uint4', shape: [2] }] as const
  assert.throws(
    () => resolveSpecs('input', values, [], file),
    refused("input 'q' has element type uint4, which no V2 datatype holds"),
  )
})

const empty = [{ name: 'x', isTensor: true, type: 'float32', shape: [] }] as const

test('an empty shape is a scalar where the file says so', () => {
  assert.deepEqual(resolveSpecs('input', empty, [], file), [{ name: 'x', datatype: 'FP32', shape: [] }])
})

test('an unknown rank must be declared, and any declared rank will do', () => {
  assert.throws(
    () => resolveSpecs('input', empty, [], unrankedFile),
    refused(
      "the graph does not say how many dimensions input 'x' (FP32) has; declare the model's inputs in its settings",
      unrankedFile,
    ),
  )
  const declared: TensorSpec[] = [{ name: 'x', datatype: 'FP32', shape: [-1, 5] }]
  assert.deepEqual(resolveSpecs('input', empty, declared, unrankedFile), declared)
})
