import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServingError, toTensor } from '@millrace/sdk'
import { loadError, runError } from './ort-errors.ts'

const inputs = [
  toTensor({ name: 'left', datatype: 'FP32', shape: [2, 1], data: [1, 2] }),
  toTensor({ name: 'right', datatype: 'FP32', shape: [], data: [3] }),
]

/** What ONNX Runtime 1.30 says, and what a client should read of it. */
for (const [message, reason] of [
  [
    "Non-zero status code returned while running Add node. Name:'' Status Message: /src/onnxruntime/core/element_wise_ops.h:563 void onnxruntime::BroadcastIterator::Init(ptrdiff_t, ptrdiff_t) axis == 1 || axis == largest was false. Attempting to broadcast an axis by a dimension other than 1. 3 by 8\n",
    'Attempting to broadcast an axis by a dimension other than 1. 3 by 8',
  ],
  [
    "Non-zero status code returned while running MatMul node. Name:'m' Status Message: matmul_helper.h:59 Compute MatMul dimension mismatch",
    'MatMul dimension mismatch',
  ],
  [
    "Non-zero status code returned while running Conv node. Name:'y' Status Message: Input channels C is not equal to kernel channels * group. C: 5 kernel channels: 3 group: 1",
    'Input channels C is not equal to kernel channels * group. C: 5 kernel channels: 3 group: 1',
  ],
  [
    "Non-zero status code returned while running Scaler node. Name:'' Status Message: Either both scale and offset can be of feature size (5) or 1",
    'Either both scale and offset can be of feature size (5) or 1',
  ],
  [
    'Got invalid dimensions for input: left for the following indices\n index: 1 Got: 2 Expected: 3\n Please fix either the inputs/outputs or the model.',
    'Got invalid dimensions for input: left for the following indices index: 1 Got: 2 Expected: 3 Please fix either the inputs/outputs or the model.',
  ],
] as const) {
  test(`the client is to blame: ${reason}`, () => {
    const cause = new Error(message)
    const error = runError(cause, inputs)
    assert.equal(error.code, 'INVALID_ARGUMENT')
    assert.equal(
      error.message,
      `the model cannot run inputs of these shapes: 'left' [2,1], 'right' [] (${reason})`,
    )
    assert.equal(error.cause, cause)
  })
}

for (const message of [
  "Non-zero status code returned while running Gather node. Name:'shape' Status Message: indices element out of data bounds, idx=7 must be within the inclusive range [-3,2]",
  "Non-zero status code returned while running Reshape node. Name:'rank' Status Message: Failed to allocate memory for requested buffer of size 8",
  'Session already disposed.',
]) {
  test(`the client is not to blame: ${message}`, () => {
    const cause = new Error(message)
    const error = runError(cause, inputs)
    assert.equal(error.code, 'INTERNAL')
    assert.equal(error.message, 'ONNX Runtime failed while it ran the model')
    assert.equal(error.cause, cause)
  })
}

test('a very long reason is cut', () => {
  assert.ok(runError(new Error(`shape ${'x'.repeat(10_000)}`), inputs).message.length < 500)
})

test('what is not an Error is told too', () => {
  assert.match(loadError('no memory', '/m.onnx').message, /cannot load '\/m.onnx': no memory$/)
})

test('a load error names the file once, without where ONNX Runtime found out', () => {
  const cause = new Error(
    'Load model from /m.onnx failed:/src/onnxruntime/core/graph/model.cc:187 onnxruntime::Model::Model(onnx::ModelProto&&, const onnxruntime::PathString&) ModelProto does not have a graph.\n',
  )
  const error = loadError(cause, '/m.onnx')
  assert.equal(error.code, 'FAILED_PRECONDITION')
  assert.equal(error.message, "ONNX Runtime cannot load '/m.onnx': ModelProto does not have a graph.")
  assert.equal(error.cause, cause)
})

test('an execution provider without its libraries is named, with those that are there', () => {
  const cause = new Error('OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library')
  assert.match(
    loadError(cause, '/m.onnx', ['cuda', { name: 'cpu' }]).message,
    /Failed to load shared library \(execution_providers are \["cuda","cpu"\]; this installation brings the libraries for "cpu"/,
  )
})

test('an error that says it all already stays as it is', () => {
  const error = new ServingError('FAILED_PRECONDITION', 'no')
  assert.equal(loadError(error, '/m.onnx'), error)
})

for (const [message, reason] of [
  [
    'Exception during initialization: /src/core/tree.h:263 onnxruntime::common::Status ml::Tree<I, T>::Init(int, const Attributes<T>&) [with I = float; T = std::pair<int, Vector<int>[2]>] A node cannot point to itself: 0-0 (truenode).\n',
    'A node cannot point to itself: 0-0 (truenode).',
  ],
  [
    'Exception during initialization: /src/core/tree.h:256 Status Tree::Init(int) const (node_id >= 0) was false. \n',
    '(node_id >= 0) was false.',
  ],
  ['Exception during initialization: LinearClassifier: wrong labels', 'LinearClassifier: wrong labels'],
] as const) {
  test(`a load fails: ${reason}`, () => {
    assert.equal(
      loadError(new Error(message), '/m.onnx').message,
      `ONNX Runtime cannot load '/m.onnx': ${reason}`,
    )
  })
}
