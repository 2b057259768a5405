import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tensor } from '../tensor/index.ts'
import { checkRequestedOutputs, selectOutputs } from './requested-outputs.ts'

const tensors = ['a', 'b', 'c'].map(
  (name): Tensor => ({ name, datatype: 'INT8', shape: [1], data: Int8Array.of(1) }),
)
const names = (...wanted: string[]) => wanted.map(name => ({ name }))
const refused = (run: () => unknown, message: string) =>
  assert.throws(run, { code: 'INVALID_ARGUMENT', message })

test('names must be declared, where outputs are declared', () => {
  const known = new Set(['a', 'b'])
  checkRequestedOutputs([], known)
  checkRequestedOutputs(names('b', 'a'), known)
  checkRequestedOutputs(names('z'), null)
  refused(
    () => checkRequestedOutputs(names('a', 'z'), known),
    "output 'z' does not exist; the model has 'a', 'b'",
  )
})

test('an output is asked for once, declared or not', () => {
  refused(() => checkRequestedOutputs(names('a', 'b', 'a'), null), "output 'a' is asked for twice")
  refused(() => checkRequestedOutputs(names('a', 'a'), new Set(['a'])), "output 'a' is asked for twice")
})

test('all outputs are sent to who asks for none in particular', () => {
  assert.equal(selectOutputs(tensors, undefined), tensors)
  assert.equal(selectOutputs(tensors, []), tensors)
})

test('outputs come in the order in which they were asked for', () => {
  const selected = selectOutputs(tensors, names('c', 'a'))
  assert.deepEqual(
    selected.map(tensor => tensor.name),
    ['c', 'a'],
  )
})

test('an output that the model did not answer with', () => {
  refused(
    () => selectOutputs(tensors, names('a', 'z')),
    "output 'z' does not exist; the model answered with 'a', 'b', 'c'",
  )
  refused(
    () => selectOutputs([], names('z')),
    "output 'z' does not exist; the model answered with no outputs",
  )
})
