import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textCodec } from './bytes-codecs.ts'
import { createElementCodec } from './element-codec.ts'

const numberCodec = createElementCodec<number>({
  contentType: 'number',
  meaning: 'a decimal number',
  canEncode: (element): element is number => typeof element === 'number',
  write(element) {
    if (!Number.isFinite(element)) throw new RangeError('not finite')
    return String(element)
  },
  read(_, text) {
    if (Number.isNaN(Number(text()))) throw new RangeError('not a number')
    return Number(text())
  },
})

test('every value is one element, in a column unless a shape is given', () => {
  assert.deepEqual(numberCodec.encode('x', [1, 2.5]).shape, [2, 1])
  const tensor = numberCodec.encode('x', [1, 2.5, 3, 4], [2, 2])
  assert.deepEqual(tensor.shape, [2, 2])
  assert.deepEqual(tensor.parameters, { content_type: 'number' })
  assert.deepEqual(numberCodec.decode(tensor), [1, 2.5, 3, 4])
})

test('a shape must hold the values', () => {
  assert.throws(() => numberCodec.encode('x', [1, 2], [3]), {
    code: 'INVALID_ARGUMENT',
    message: "tensor 'x' has 2 elements; shape [3] needs exactly 3",
  })
})

test('says which element cannot be written or read, and why to the log', () => {
  assert.throws(() => numberCodec.encode('x', [1, Infinity]), {
    code: 'INVALID_ARGUMENT',
    message: "tensor 'x', element 1 cannot be written as a decimal number, which content type 'number' needs",
    cause: new RangeError('not finite'),
  })
  assert.throws(() => numberCodec.decode(textCodec.encode('x', ['1', 'one'])), {
    code: 'INVALID_ARGUMENT',
    message: "tensor 'x', element 1 is not a decimal number, which content type 'number' needs",
    cause: new RangeError('not a number'),
  })
})

test('reads BYTES only', () => {
  assert.throws(
    () => numberCodec.decode({ name: 'x', datatype: 'INT8', shape: [1], data: Int8Array.of(1) }),
    {
      code: 'INVALID_ARGUMENT',
      message: "tensor 'x' has datatype INT8; content type 'number' needs BYTES",
    },
  )
})
