import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { InferenceRequest } from '../../model/index.ts'
import type { Tensor } from '../../tensor/index.ts'
import {
  encodeInferRequest,
  encodeInferResponse,
  inferPayloadOffset,
  inferResponsePayloadOffset,
} from './index.ts'

function fp32(name: string, ...values: number[]): Tensor {
  return { name, datatype: 'FP32', shape: [values.length], data: Float32Array.from(values) }
}

function message(isRaw: boolean, ...inputs: Tensor[]): Buffer {
  const request: InferenceRequest = {
    modelName: 'm'.repeat(200),
    id: '7',
    parameters: { a: 1, b: 'text', c: 0.5 },
    inputs,
    outputs: [{ name: 'y' }],
  }
  return Buffer.concat(encodeInferRequest(request, isRaw))
}

/** A value whose bytes are found nowhere else in the messages here. */
const MARK = 1.2345678e-30
const marker = Buffer.from(Float32Array.of(MARK).buffer)

test('finds raw contents', () => {
  const bytes = message(true, fp32('x', MARK, 2))
  assert.equal(inferPayloadOffset(bytes), bytes.indexOf(marker))
})

test('finds typed fp32_contents and fp64_contents', () => {
  const bytes = message(false, fp32('x', MARK, 2))
  assert.equal(inferPayloadOffset(bytes), bytes.indexOf(marker))
  const doubles = Float64Array.of(1.2345678e-300)
  const wide = message(false, { name: 'x', datatype: 'FP64', shape: [1], data: doubles })
  assert.equal(inferPayloadOffset(wide), wide.indexOf(Buffer.from(doubles.buffer)))
})

test('prefers the first payload of 4 KiB and more', () => {
  const large = fp32('large', MARK, ...Array.from({ length: 1023 }, () => 0))
  for (const isRaw of [true, false]) {
    const bytes = message(isRaw, fp32('small', 1), large, fp32('also large', ...new Float32Array(2000)))
    assert.equal(inferPayloadOffset(bytes), bytes.indexOf(marker))
  }
})

test('takes the first payload of any size when no large one begins within the head', () => {
  for (const isRaw of [true, false]) {
    const bytes = message(isRaw, fp32('x', MARK), fp32('y', 2))
    assert.equal(inferPayloadOffset(bytes), bytes.indexOf(marker))
  }
})

test('there is nothing to align in varints and byte strings', () => {
  assert.equal(
    inferPayloadOffset(message(false, { name: 'x', datatype: 'INT8', shape: [1], data: Int8Array.of(1) })),
    -1,
  )
  assert.equal(
    inferPayloadOffset(message(true, { name: 'x', datatype: 'FP32', shape: [0], data: new Float32Array(0) })),
    -1,
  )
  assert.equal(inferPayloadOffset(new Uint8Array(0)), -1)
})

test('needs no more of the message than what lies ahead of the payload', () => {
  for (const isRaw of [true, false]) {
    const bytes = message(isRaw, fp32('x', MARK, ...new Float32Array(5000)))
    const offset = bytes.indexOf(marker)
    for (let length = 0; length <= offset; length++) {
      assert.equal(inferPayloadOffset(bytes.subarray(0, length)), length === offset ? offset : -1)
    }
  }
})

test('never throws, and never points outside the head', () => {
  const valid = message(true, fp32('x', 1, 2, 3, 4))
  const head = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc
      .array(fc.tuple(fc.nat({ max: valid.length - 1 }), fc.integer({ min: 0, max: 255 })), {
        minLength: 1,
        maxLength: 4,
      })
      .map(changes => {
        const bytes = Uint8Array.from(valid)
        for (const [offset, byte] of changes) bytes[offset] = byte
        return bytes
      }),
  )
  fc.assert(
    fc.property(head, bytes => {
      const offset = inferPayloadOffset(bytes)
      assert.ok(offset === -1 || (offset > 0 && offset <= bytes.length))
    }),
    { numRuns: 5000 },
  )
})

test('gives up on a head of endless small fields', () => {
  const fields = Buffer.alloc(100_000, Buffer.from('0a00', 'hex'))
  assert.equal(inferPayloadOffset(Buffer.concat([fields, message(true, fp32('x', MARK))])), -1)
})

test('finds the same in a response, of either form', () => {
  for (const isRaw of [true, false]) {
    const outputs = [fp32('small', 1), fp32('large', MARK, ...Array.from({ length: 2000 }, () => 2))]
    const bytes = Buffer.concat(encodeInferResponse({ modelName: 'm', id: '7', outputs }, isRaw))
    assert.equal(inferResponsePayloadOffset(bytes), bytes.indexOf(marker))
  }
})
