import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exampleInputs } from '../contract/index.ts'
import { codecFor, findCodec, registerCodec } from './codec-registry.ts'
import type { TensorCodec } from './tensor-codec.ts'

/** Keeps one number `scale` times as large. */
function scaledCodec(scale: number): TensorCodec<number> {
  return {
    contentType: 'test-scaled',
    canEncode: (value): value is number => typeof value === 'number',
    encode: (name, value) => ({ name, datatype: 'FP64', shape: [1], data: Float64Array.of(value * scale) }),
    decode: tensor => Number(tensor.datatype === 'FP64' && tensor.data[0]) / scale,
  }
}

test('knows the built-in content types', () => {
  for (const contentType of ['str', 'base64', 'datetime', 'pd_json']) {
    assert.equal(codecFor(contentType).contentType, contentType)
    assert.equal(findCodec(contentType), codecFor(contentType))
  }
})

test('says which content types it knows', () => {
  assert.equal(findCodec('np'), undefined)
  assert.throws(() => codecFor('np'), {
    code: 'INVALID_ARGUMENT',
    message: /^content type 'np' is not known; known are 'str', 'base64', 'datetime', 'pd_json'/,
  })
})

test('every built-in codec reads the example of its content type', () => {
  const examples = ['str', 'base64', 'datetime', 'pd_json'].map(contentType => {
    const [tensor] = exampleInputs([{ name: 'x', datatype: 'BYTES', shape: [-1], contentType }])
    return codecFor(contentType).decode(tensor!)
  })
  assert.deepEqual(examples, [
    ['example'],
    [new TextEncoder().encode('example')],
    [new Date('2000-01-01')],
    ['example'],
  ])
})

test('a codec of one’s own is found, and a later one replaces it', () => {
  registerCodec(scaledCodec(10))
  assert.deepEqual(codecFor('test-scaled').encode('x', 2).data, Float64Array.of(20))
  registerCodec(scaledCodec(100))
  assert.deepEqual(codecFor('test-scaled').encode('x', 2).data, Float64Array.of(200))
})
