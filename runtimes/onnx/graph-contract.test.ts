import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Datatype, TensorSpec } from '@millrace/sdk'
import { type GraphValue, resolveSpecs } from './graph-contract.ts'

const file = '/models/pixels.onnx'

function value(name: string, datatype: Datatype, shape: GraphValue['shape']): GraphValue {
  return { name, datatype, shape, problem: undefined, isOptional: false, parameters: undefined }
}

const graph: readonly GraphValue[] = [value('pixels', 'FP32', [-1, 3, -1]), value('caption', 'BYTES', [-1])]
const pixels: TensorSpec = { name: 'pixels', datatype: 'FP32', shape: [-1, 3, -1] }
const caption: TensorSpec = { name: 'caption', datatype: 'BYTES', shape: [-1] }
const mixed: readonly GraphValue[] = [
  value('label', 'INT64', [1]),
  { ...value('weights', 'FP32', null), datatype: undefined, problem: 'it has element type uint4' },
]

function refused(what: string, path = file): { code: string; message: string } {
  return { code: 'FAILED_PRECONDITION', message: `'${path}' cannot be served: ${what}` }
}

test('without a declaration the graph speaks; free dimensions are -1', () => {
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

test('an output that cannot be served is refused with advice, unless a declaration leaves it out', () => {
  assert.throws(
    () => resolveSpecs('output', mixed, [], file),
    refused("output 'weights': it has element type uint4, or declare the outputs to serve without it"),
  )
  const declared = [{ name: 'label', datatype: 'INT64', shape: [1] }] as const
  assert.equal(resolveSpecs('output', mixed, declared, file).length, 1)
})

test('an input that cannot be served is refused', () => {
  assert.throws(
    () => resolveSpecs('input', mixed, [], file),
    refused("input 'weights': it has element type uint4"),
  )
})

test('an unknown rank must be declared, and any declared rank will do', () => {
  const open = [value('x', 'FP32', null)]
  assert.throws(
    () => resolveSpecs('input', open, [], file),
    refused(
      "the graph does not say how many dimensions input 'x' (FP32) has; declare the model's inputs in its settings",
    ),
  )
  const declared: TensorSpec[] = [{ name: 'x', datatype: 'FP32', shape: [-1, 5] }]
  assert.deepEqual(resolveSpecs('input', open, declared, file), declared)
})

test('an input with a default may be left out of a declaration; no other may be called optional', () => {
  const values = [value('x', 'FP32', [-1]), { ...value('threshold', 'FP32', []), isOptional: true }]
  const x: TensorSpec = { name: 'x', datatype: 'FP32', shape: [-1] }
  assert.deepEqual(resolveSpecs('input', values, [], file)[1], {
    name: 'threshold',
    datatype: 'FP32',
    shape: [],
    isOptional: true,
  })
  assert.deepEqual(resolveSpecs('input', values, [x], file), [x])
  assert.throws(
    () => resolveSpecs('input', values, [{ ...x, isOptional: true }], file),
    refused("the settings declare input 'x' as optional, and the graph has no default for it"),
  )
})

test('what the graph knows besides is added to a declaration, which has the last word', () => {
  const values = [{ ...value('caption', 'BYTES', [-1]), parameters: { axis_names: ['rows'], labels: [1] } }]
  const [spec] = resolveSpecs('output', values, [{ ...caption, parameters: { labels: ['one'] } }], file)
  assert.deepEqual(spec?.parameters, { axis_names: ['rows'], labels: ['one'] })
})

test('no two may have one name, as an element of a sequence and another output might', () => {
  const values = [value('parts_0', 'FP32', [1]), value('parts_0', 'FP32', [1])]
  assert.throws(
    () => resolveSpecs('output', values, [], file),
    refused("two outputs would be named 'parts_0'"),
  )
})
