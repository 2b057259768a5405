import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  allocateData,
  BytesArray,
  DATATYPES,
  dataBytes,
  type NumericDatatype,
  type Tensor,
  toTensor,
} from '@millrace/sdk'
import fc from 'fast-check'
import { type Packing, packTensors, unpackTensors } from './tensor-packing.ts'

const tensors: fc.Arbitrary<Tensor> = fc
  .record({
    datatype: fc.constantFrom(...DATATYPES),
    length: fc.nat(40),
    seed: fc.nat(255),
    shift: fc.nat(3),
  })
  .map(({ datatype, length, seed, shift }) => {
    if (datatype === 'BYTES') {
      const data = Array.from({ length }, (_, index) => new Uint8Array((seed + index) % 7).fill(index))
      return toTensor({ name: 'bytes', datatype, shape: [length], data })
    }
    const numeric: NumericDatatype = datatype
    // A view that does not begin where its memory does.
    const data = allocateData(numeric, length + shift).subarray(shift)
    dataBytes(data).fill(numeric === 'BOOL' ? seed % 2 : seed)
    return toTensor({ name: 'numbers', datatype: numeric, shape: [length], data } as Tensor)
  })

for (const packing of ['borrow', 'copy', 'move'] satisfies Packing[]) {
  test(`tensors are the same after crossing by '${packing}'`, () => {
    fc.assert(
      fc.property(fc.array(tensors, { maxLength: 6 }), sent => {
        const expected = sent.map(tensor => ({ ...tensor, bytes: [...dataBytes(tensor.data)] }))
        const packed = packTensors(sent, packing)
        const received = unpackTensors(structuredClone(packed.tensors), packed.blocks)
        for (const [index, { bytes, ...tensor }] of expected.entries()) {
          const { data, ...rest } = received[index]!
          assert.deepEqual(
            { ...rest, data: [...dataBytes(data)] },
            { ...tensor, parameters: undefined, data: bytes },
          )
          assert.equal(data.constructor, tensor.data.constructor)
        }
      }),
    )
  })
}

const LARGE = 256 * 1024
const fp64 = (name: string, data: Float64Array): Tensor =>
  toTensor({ name, datatype: 'FP64', shape: [data.length], data })

test('memory that the tensors cover is moved as it is', () => {
  const memory = new Float64Array(LARGE / 8)
  const half = LARGE / 16
  const { blocks } = packTensors(
    [fp64('a', memory.subarray(0, half)), fp64('b', memory.subarray(half))],
    'move',
  )
  assert.deepEqual(
    blocks.map(({ buffer }) => buffer),
    [memory.buffer],
  )
})

test('memory that the tensors cover in part is left alone, and so is what may not be moved', () => {
  const memory = new Float64Array(LARGE / 8)
  const part = fp64('part', memory.subarray(0, LARGE / 10))
  const twice = [fp64('a', memory.subarray(0, LARGE / 16)), fp64('b', memory.subarray(0, LARGE / 16))]
  const shared = fp64('shared', new Float64Array(new SharedArrayBuffer(LARGE)))
  for (const sent of [[part], twice, [shared]]) {
    const { blocks } = packTensors(sent, 'move')
    assert.equal(blocks.length, 1)
    assert.notEqual(blocks[0]!.buffer, memory.buffer)
    assert.ok(blocks[0]!.buffer instanceof ArrayBuffer)
  }
  const whole = packTensors([fp64('whole', memory)], new Set([new ArrayBuffer(8)]))
  assert.notEqual(whole.blocks[0]!.buffer, memory.buffer)
})

test('small tensors travel together', () => {
  const sent = Array.from({ length: 5 }, (_, index) => fp64(`t${index}`, Float64Array.of(index)))
  assert.equal(packTensors(sent, 'move').blocks.length, 1)
})

test('a tensor whose memory was moved away is refused', () => {
  const memory = new Float64Array(4)
  const tensor = fp64('gone', memory)
  structuredClone(memory, { transfer: [memory.buffer] })
  assert.throws(() => packTensors([tensor], 'move'), /no memory any more/)
})

test('what nothing was packed for is empty again', () => {
  const sent = [
    fp64('none', new Float64Array(0)),
    toTensor({ name: 'b', datatype: 'BYTES', shape: [0], data: [] }),
  ]
  const { tensors, blocks } = packTensors(sent, 'copy')
  assert.equal(blocks.length, 0)
  const [numbers, bytes] = unpackTensors(tensors, blocks)
  assert.equal(numbers!.data.length, 0)
  assert.ok(BytesArray.is(bytes!.data))
})
