import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { InferenceResponse } from '../../model/index.ts'
import { BytesArray, dataBytes, type Tensor } from '../../tensor/index.ts'
import { inference } from '../index.ts'
import { decodeInferResponse, encodeInferResponse, encodeStreamError, encodeStreamResponse } from './index.ts'
import { BY_REFERENCE_BYTES } from './wire-writer.ts'

function response(...outputs: Tensor[]): InferenceResponse {
  return { modelName: 'm', modelVersion: undefined, id: undefined, parameters: undefined, outputs }
}

function viaEs(pieces: Uint8Array[]) {
  return fromBinary(inference.ModelInferResponseSchema, joined(pieces))
}

function streamViaEs(pieces: Uint8Array[]) {
  return fromBinary(inference.ModelStreamInferResponseSchema, joined(pieces))
}

/** Not a Buffer, so that the fields of what is read from it are not Buffers either. */
function joined(pieces: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces))
}

test('golden: FP32 21.0 raw', () => {
  const bytes = Buffer.from(
    '0a016d' + // model_name "m"
      '2a0c0a01791204465033321a0101' + // outputs: name "y", datatype "FP32", shape 1
      '32040000a841', // raw_output_contents
    'hex',
  )
  const output: Tensor = {
    name: 'y',
    datatype: 'FP32',
    shape: [1],
    data: Float32Array.of(21),
    parameters: undefined,
  }
  assert.deepEqual(Buffer.concat(encodeInferResponse(response(output), true)), bytes)
  assert.deepEqual(decodeInferResponse(bytes), response(output))
})

test('golden: INT64 6 typed', () => {
  const bytes = Buffer.from(
    '0a016d' +
      '2a180a05746f74616c1205494e5436341a0101' + // outputs: name "total", datatype "INT64", shape 1
      '2a031a0106', // contents: int64_contents 6
    'hex',
  )
  bytes[4] = bytes.length - 5
  const output: Tensor = {
    name: 'total',
    datatype: 'INT64',
    shape: [1],
    data: BigInt64Array.of(6n),
    parameters: undefined,
  }
  assert.deepEqual(Buffer.concat(encodeInferResponse(response(output), false)), bytes)
  assert.deepEqual(decodeInferResponse(bytes), response(output))
})

test('raw outputs have no contents, typed ones no raw entries', () => {
  const output: Tensor = { name: 'y', datatype: 'INT8', shape: [2], data: Int8Array.of(1, -1) }
  const raw = viaEs(encodeInferResponse(response(output), true))
  assert.equal(raw.outputs[0]?.contents, undefined)
  assert.deepEqual(raw.rawOutputContents, [Uint8Array.of(1, 255)])
  const typed = viaEs(encodeInferResponse(response(output), false))
  assert.deepEqual(typed.outputs[0]?.contents?.intContents, [1, -1])
  assert.deepEqual(typed.rawOutputContents, [])
})

test('one FP16 or BF16 output makes all of a typed response raw', () => {
  const plain: Tensor = { name: 'a', datatype: 'INT8', shape: [1], data: Int8Array.of(1) }
  for (const half of [
    { name: 'b', datatype: 'FP16', shape: [1], data: Float16Array.of(1.5) },
    { name: 'b', datatype: 'BF16', shape: [1], data: Uint16Array.of(0x3fc0) },
  ] satisfies Tensor[]) {
    const message = viaEs(encodeInferResponse(response(plain, half), false))
    assert.deepEqual(message.rawOutputContents, [Uint8Array.of(1), dataBytes(half.data)])
    assert.equal(message.outputs[0]?.contents, undefined)
  }
})

test('empty contents beside raw ones, as MLServer sends them, are read as absent', () => {
  const message = create(inference.ModelInferResponseSchema, {
    outputs: [{ name: 'y', datatype: 'UINT8', shape: [1n], contents: {} }],
    rawOutputContents: [Uint8Array.of(9)],
  })
  const bytes = toBinary(inference.ModelInferResponseSchema, message)
  assert.deepEqual(decodeInferResponse(bytes).outputs[0]?.data, Uint8Array.of(9))
})

test('errors of a response speak of outputs', () => {
  const message = create(inference.ModelInferResponseSchema, {
    outputs: [{ name: 'y', datatype: 'UINT8', shape: [1n] }],
    rawOutputContents: [Uint8Array.of(9), Uint8Array.of(9)],
  })
  assert.throws(() => decodeInferResponse(toBinary(inference.ModelInferResponseSchema, message)), {
    code: 'INVALID_ARGUMENT',
    message: 'raw_output_contents has 2 entries for 1 output; it must have one for each',
  })
})

test('payloads of 16 KiB and more go by reference, in both forms', () => {
  const large = new Float32Array(BY_REFERENCE_BYTES / 4).fill(0.5)
  const small = new Float32Array(BY_REFERENCE_BYTES / 4 - 1)
  const outputs: Tensor[] = [
    { name: 'a', datatype: 'FP32', shape: [large.length], data: large },
    { name: 'b', datatype: 'FP32', shape: [small.length], data: small },
    { name: 'c', datatype: 'BYTES', shape: [3], data: BytesArray.from(['x', 'y'.repeat(20_000), 'z']) },
  ]
  for (const isRaw of [true, false]) {
    const pieces = encodeInferResponse(response(...outputs), isRaw)
    const references = pieces.filter(
      piece => piece.length >= BY_REFERENCE_BYTES && piece.buffer === large.buffer,
    )
    assert.equal(references.length, 1)
    assert.equal(pieces.filter(piece => piece.length === 0).length, 0)
    const heads = new Set(pieces.filter(piece => piece.buffer !== large.buffer).map(piece => piece.buffer))
    // One buffer for all that is copied, and the memory of the large BYTES element or tensor.
    assert.equal(heads.size, 2)
    assert.deepEqual(
      decodeInferResponse(Buffer.concat(pieces)).outputs.map(output => Buffer.from(dataBytes(output.data))),
      outputs.map(output => Buffer.from(dataBytes(output.data))),
    )
  }
})

test('an empty response is no pieces at all', () => {
  assert.deepEqual(encodeInferResponse({ ...response(), modelName: '' }, true), [])
})

test("a stream response is the response in Triton's wrapper", () => {
  const large: Tensor = {
    name: 'y',
    datatype: 'UINT8',
    shape: [20_000],
    data: new Uint8Array(20_000).fill(3),
  }
  const answer: InferenceResponse = {
    ...response(large),
    id: '7',
    parameters: { triton_final_response: true },
  }
  for (const isRaw of [true, false]) {
    const wrapper = streamViaEs(encodeStreamResponse(answer, isRaw))
    assert.equal(wrapper.errorMessage, '')
    assert.deepEqual(wrapper.inferResponse, viaEs(encodeInferResponse(answer, isRaw)))
    assert.equal(wrapper.inferResponse?.id, '7')
  }
})

function streamError(message: string, id?: string) {
  return streamViaEs(encodeStreamError(message, id))
}

test('a stream error carries its message and the id of its request', () => {
  assert.equal(streamError('Model ü not found', '7').errorMessage, 'Model ü not found')
  assert.equal(streamError('broken', '7').inferResponse?.id, '7')
  assert.equal(streamError('broken').inferResponse, undefined)
  assert.equal(streamError('broken', '').inferResponse, undefined)
  // Clients take an empty message for success.
  assert.notEqual(streamError('').errorMessage, '')
})
