import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Tensor } from '../tensor/index.ts'
import type { TensorSpec } from './contract.ts'
import { compileContractCheck, shapeMatches } from './contract-check.ts'

const SPECS: readonly TensorSpec[] = [
  { name: 'image', datatype: 'FP32', shape: [-1, 2] },
  { name: 'limit', datatype: 'INT32', shape: [1], isOptional: true },
]
const image: Tensor = { name: 'image', datatype: 'FP32', shape: [1, 2], data: new Float32Array(2) }
const limit: Tensor = { name: 'limit', datatype: 'INT32', shape: [1], data: Int32Array.of(3) }
const check = compileContractCheck(SPECS, 'input')!

const refused = (tensors: readonly Tensor[], message: string) =>
  assert.throws(() => check(tensors), { code: 'INVALID_ARGUMENT', message })

test('nothing declared, nothing to check', () => {
  assert.equal(compileContractCheck([], 'input'), null)
})

test('what keeps to the contract passes, in any order, optional fields present or not', () => {
  check([image])
  check([image, limit])
  check([limit, image])
  check([{ ...image, shape: [0, 2], data: new Float32Array() }])
})

test('a field that is not declared', () => {
  refused(
    [image, { ...limit, name: 'limits' }],
    "unexpected input 'limits'; the model declares 'image', 'limit'",
  )
})

test('a field given twice', () => {
  refused([image, limit, image], "input 'image' is given twice")
})

test('another datatype', () => {
  refused(
    [{ name: 'image', datatype: 'FP64', shape: [1, 2], data: new Float64Array(2) }],
    "input 'image' has datatype FP64; expected FP32",
  )
})

test('another shape, with a free dimension explained and without', () => {
  refused(
    [{ ...image, shape: [2] }],
    "input 'image' has shape [2]; expected [-1,2], where -1 stands for any extent",
  )
  refused(
    [{ ...image, shape: [2, 1] }],
    "input 'image' has shape [2,1]; expected [-1,2], where -1 stands for any extent",
  )
  refused([image, { ...limit, shape: [2] }], "input 'limit' has shape [2]; expected [1]")
})

test('a field that is missing', () => {
  refused([], "input 'image' is missing; expected FP32 of shape [-1,2]")
  refused([limit], "input 'image' is missing; expected FP32 of shape [-1,2]")
})

test('messages about answers say output', () => {
  assert.throws(() => compileContractCheck(SPECS, 'output')!([]), { message: /^output 'image' is missing/ })
})

test('a contract that declares a name twice is refused before any request', () => {
  assert.throws(() => compileContractCheck([SPECS[0]!, SPECS[0]!], 'output'), {
    code: 'INVALID_ARGUMENT',
    message: "output 'image' is declared twice",
  })
})

test('a contract with what is no field is refused before any request', () => {
  for (const [spec, message] of [
    [null, 'input 0 has name undefined; expected a text'],
    [{ name: 5, datatype: 'FP32', shape: [1] }, 'input 0 has name 5; expected a text'],
    [{ name: 'x', shape: [1] }, /^input 0, 'x', has datatype undefined; allowed are BOOL, /],
    [{ name: 'x', datatype: 'FP32' }, /^input 0, 'x', has shape undefined; expected a list of whole numbers/],
    [{ name: 'x', datatype: 'FP32', shape: [-2, 'a'] }, /has shape \[-2, a\]/],
  ] as const) {
    const specs = [spec] as unknown as Parameters<typeof compileContractCheck>[0]
    assert.throws(() => compileContractCheck(specs, 'input'), { code: 'INVALID_ARGUMENT', message })
  }
})

test('a shape matches its pattern by rank and by every extent that is not free', () => {
  assert.equal(shapeMatches([], []), true)
  assert.equal(shapeMatches([1], []), false)
  assert.equal(shapeMatches([], [-1]), false)
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(4), fc.boolean()), { maxLength: 5 }), axes => {
      const shape = axes.map(([extent]) => extent)
      const pattern = axes.map(([extent, isFree]) => (isFree ? -1 : extent))
      assert.equal(shapeMatches(shape, pattern), true)
      assert.equal(shapeMatches([...shape, 1], pattern), false)
      for (const [axis, [extent, isFree]] of axes.entries()) {
        assert.equal(shapeMatches(shape.with(axis, extent + 1), pattern), isFree)
      }
    }),
  )
})
