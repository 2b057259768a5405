import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { DATATYPES, dataBytes, type Shape, type TensorSpec } from '@millrace/sdk'
import { randomInputs, seededRandom } from './random-tensors.ts'

const SPECS: readonly TensorSpec[] = DATATYPES.map(datatype => ({ name: datatype, datatype, shape: [-1, 2] }))
const shapes = (entries: Readonly<Record<string, Shape>>) => new Map(Object.entries(entries))

suite('randomInputs', () => {
  test('makes every datatype, the same for the same seed', () => {
    const make = (seed: number) =>
      randomInputs(SPECS, shapes({ FP32: [3, 2] }), seededRandom(seed)).map(({ name, shape, data }) => [
        name,
        shape,
        [...dataBytes(data)],
      ])
    assert.deepEqual(make(7), make(7))
    assert.notDeepEqual(make(7), make(8))
    assert.deepEqual(
      make(7).map(([, shape]) => shape),
      SPECS.map(({ name }) => [name === 'FP32' ? 3 : 1, 2]),
    )
  })

  test('values are those that models know', () => {
    const made = randomInputs(SPECS, shapes({ FP64: [100, 2], INT64: [100, 2] }), seededRandom(1))
    const find = (name: string) =>
      made.find(tensor => tensor.name === name)!.data as Iterable<number | bigint>
    for (const value of find('FP64')) assert.ok(value >= 0 && value < 1)
    for (const value of find('INT64')) assert.ok(value >= 0n && value <= 100n)
  })

  test('text has the form that its content type asks for, and optional inputs are left out', () => {
    const specs: readonly TensorSpec[] = [
      { name: 'when', datatype: 'BYTES', shape: [1], contentType: 'datetime' },
      { name: 'more', datatype: 'FP32', shape: [1], isOptional: true },
    ]
    const [when, ...rest] = randomInputs(specs, new Map(), seededRandom(1))
    assert.ok(when?.datatype === 'BYTES' && !Number.isNaN(Date.parse(when.data.textAt(0)!)))
    assert.deepEqual(rest, [])
    assert.equal(randomInputs(specs, shapes({ more: [1] }), seededRandom(1)).length, 2)
  })

  for (const [title, wanted, message] of [
    ['an input the model has not', { z: [1] }, /no input 'z'; it has BOOL, /],
    ['another rank', { FP32: [1] }, /'FP32' cannot have shape \[1\]; the model says \[-1,2\]/],
    ['another extent', { FP32: [1, 3] }, /cannot have shape \[1,3\]/],
    ['too many elements', { FP32: [2 ** 28, 2] }, /would have 536870912 elements; at most/],
  ] as const) {
    test(`refuses ${title}`, () => {
      assert.throws(() => randomInputs(SPECS, shapes(wanted), seededRandom(1)), {
        code: 'INVALID_ARGUMENT',
        message,
      })
    })
  }
})
