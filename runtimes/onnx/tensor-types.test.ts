import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  BytesArray,
  DATATYPES,
  type Datatype,
  dataBytes,
  ELEMENT_SIZE_BYTES,
  type Tensor,
  tensorFromBytes,
  toTensor,
} from '@millrace/sdk'
import * as fc from 'fast-check'
import { InferenceSession } from 'onnxruntime-node'
import { datatypeOf, fromOrtTensor, narrowBfloat16, toOrtTensor, widenBfloat16 } from './tensor-types.ts'

const served = DATATYPES.filter(datatype => datatype !== 'BF16')
const elementTypes = {
  BOOL: 'bool',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FP16: 'float16',
  FP32: 'float32',
  FP64: 'float64',
  BYTES: 'string',
} as const
const identities = new Map<Datatype, InferenceSession>()

before(async () => {
  for (const datatype of served) {
    const file = fileURLToPath(import.meta.resolve(`./test-models/identity-${elementTypes[datatype]}.onnx`))
    identities.set(datatype, await InferenceSession.create(file, { intraOpNumThreads: 1 }))
  }
})

async function throughOrt(tensor: Tensor): Promise<Tensor> {
  const results = await identities.get(tensor.datatype)!.run({ x: toOrtTensor(tensor) })
  return fromOrtTensor(tensor.name, results.y!)
}

/** Bytes of two to six elements, of any bit pattern (for floats: NaN and infinities among them). */
function numbersOf(datatype: Datatype): fc.Arbitrary<Uint8Array> {
  const size = ELEMENT_SIZE_BYTES[datatype]
  const max = datatype === 'BOOL' ? 1 : 255
  return fc
    .integer({ min: 1, max: 3 })
    .chain(pairs => fc.uint8Array({ minLength: 2 * pairs * size, maxLength: 2 * pairs * size, max }))
}

const texts = fc
  .array(fc.string({ unit: 'grapheme' }), { minLength: 2, maxLength: 2 })
  .map(values => BytesArray.from(values.map(value => value.replaceAll('\0', ''))).packed())

for (const datatype of served) {
  test(`${datatype} comes out of ONNX Runtime as it went in`, async () => {
    assert.equal(datatypeOf(elementTypes[datatype]), datatype)
    await fc.assert(
      fc.asyncProperty(datatype === 'BYTES' ? texts : numbersOf(datatype), async bytes => {
        const columns = datatype === 'BYTES' ? 1 : bytes.length / ELEMENT_SIZE_BYTES[datatype] / 2
        const tensor = tensorFromBytes('x', datatype, [2, columns], bytes)
        const result = await throughOrt(tensor)
        assert.deepEqual(result.shape, tensor.shape)
        assert.equal(result.datatype, datatype)
        assert.equal(result.data.constructor, tensor.data.constructor)
        assert.deepEqual(new Uint8Array(dataBytes(result.data)), new Uint8Array(dataBytes(tensor.data)))
      }),
      { numRuns: 50 },
    )
  })
}

test('numbers go in where they lie, also from the middle of a buffer', async () => {
  const buffer = new Float32Array([0, 1, 2, 3, 4, 5])
  const tensor = toTensor({ name: 'x', datatype: 'FP32', shape: [1, 3], data: buffer.subarray(2, 5) })
  assert.equal(toOrtTensor(tensor).data, tensor.data)
  assert.deepEqual((await throughOrt(tensor)).data, Float32Array.of(2, 3, 4))

  const half = toTensor({
    name: 'x',
    datatype: 'FP16',
    shape: [1, 2],
    data: Float16Array.of(9, 1.5, -2).subarray(1),
  })
  const { data: halfData } = toOrtTensor(half)
  assert.ok(halfData instanceof Uint16Array)
  assert.equal(halfData.buffer, half.data.buffer)
  assert.deepEqual((await throughOrt(half)).data, Float16Array.of(1.5, -2))
})

test('numbers come out where they lie, in memory that is nobody else’s and may be transferred', async () => {
  const data = Float32Array.of(1, 2)
  const result = await throughOrt(toTensor({ name: 'x', datatype: 'FP32', shape: [1, 2], data }))
  data.fill(0)
  assert.deepEqual(result.data, Float32Array.of(1, 2))
  assert.ok(result.datatype === 'FP32' && result.data.buffer instanceof ArrayBuffer)
  const { buffer } = result.data
  structuredClone(buffer, { transfer: [buffer] })
  assert.ok(buffer.detached)
})

test('shared memory can be an input', async () => {
  const data = new Float32Array(new SharedArrayBuffer(8))
  data.set([3, 4])
  assert.deepEqual(
    (await throughOrt(toTensor({ name: 'x', datatype: 'FP32', shape: [1, 2], data }))).data,
    Float32Array.of(3, 4),
  )
})

test('bytes that ONNX Runtime would mangle as text are refused', () => {
  const badBytes = toTensor({ name: 'x', datatype: 'BYTES', shape: [2], data: ['a', Uint8Array.of(0xff)] })
  assert.throws(() => toOrtTensor(badBytes), {
    code: 'INVALID_ARGUMENT',
    message: "tensor 'x', element 1 is not valid UTF-8; ONNX models take UTF-8 text without NUL characters",
  })
  const withNul = toTensor({ name: 'x', datatype: 'BYTES', shape: [1], data: ['a\0b'] })
  assert.throws(() => toOrtTensor(withNul), {
    code: 'INVALID_ARGUMENT',
    message: "tensor 'x', element 0 has a NUL character; ONNX models take UTF-8 text without NUL characters",
  })
})

test('types that only one side knows are refused', () => {
  const tensor = toTensor({ name: 'x', datatype: 'BF16', shape: [1], data: [0x3f80] })
  assert.throws(() => toOrtTensor(tensor), { code: 'INVALID_ARGUMENT', message: /tensor 'x' is BF16/ })
  assert.equal(datatypeOf('int4'), undefined)
})

test('every bfloat16 has its float32', () => {
  const data = Uint16Array.from({ length: 2 ** 16 }, (_, index) => index)
  const tensor: Tensor<'BF16'> = { name: 'x', datatype: 'BF16', shape: [2 ** 16], data }
  const wide = widenBfloat16(tensor)
  assert.ok(wide.data instanceof Float32Array)
  assert.equal(wide.data[0x3fc0], 1.5)
  assert.deepEqual(narrowBfloat16('x', wide), tensor)
})
