import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TensorSpec } from '../../contract/index.ts'
import { ServingError } from '../../errors/index.ts'
import type { InferenceRequest } from '../../model/index.ts'
import type { BytesArray } from '../../tensor/index.ts'
import { parseInferRequest } from './infer-request-reader.ts'

/** A body whose first chunk starts at a multiple of 8, as the transport lays it out. */
function binaryBody(json: string, ...chunks: Uint8Array[]): { body: Uint8Array; jsonLength: number } {
  const text = Buffer.from(json)
  const padding = (8 - (text.length % 8)) % 8
  const memory = Buffer.concat([Buffer.alloc(padding), text, ...chunks])
  const aligned = new Uint8Array(new ArrayBuffer(memory.length))
  aligned.set(memory)
  return { body: aligned.subarray(padding), jsonLength: text.length }
}

function parse(json: string, ...chunks: Uint8Array[]): InferenceRequest {
  const { body, jsonLength } = binaryBody(json, ...chunks)
  return parseInferRequest(body, { modelName: 'm', jsonLength })
}

function message(parseIt: () => unknown): string {
  try {
    parseIt()
  } catch (error) {
    assert.ok(ServingError.is(error), String(error))
    assert.equal(error.code, 'INVALID_ARGUMENT')
    assert.equal(error.violations, undefined)
    return error.message
  }
  return assert.fail('accepted')
}

const bytesOf = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
const binary = (name: string, datatype: string, shape: string, size: number, more = '') =>
  `{"name":"${name}","shape":${shape},"datatype":"${datatype}","parameters":{"binary_data_size":${size}${more}}}`

function exactlyOne(words: string): string {
  return `input 'a' has ${words} parameters.binary_data_size; give exactly one of them`
}

function raw(body: Uint8Array, ...rawInput: TensorSpec[]): InferenceRequest {
  return parseInferRequest(body, { modelName: 'm', modelVersion: '2', jsonLength: 0, rawInput })
}

describe('parseInferRequest, JSON with binary chunks', () => {
  it('mixes JSON and binary inputs', () => {
    const request = parse(
      `{"id":"1","inputs":[${binary('a', 'FP32', '[2]', 8, ',"content_type":"np"')},{"name":"b","shape":[1],"datatype":"INT64","data":[7]},` +
        `${binary('c', 'INT64', '[1]', 8)},${binary('d', 'BYTES', '[2]', 11)}]}`,
      bytesOf(Float32Array.of(1.5, -2)),
      bytesOf(BigInt64Array.of(-9007199254740993n)),
      Uint8Array.of(3, 0, 0, 0, 0xff, 0, 0x68, 0, 0, 0, 0),
    )
    const [a, b, c, d] = request.inputs
    assert.deepEqual(a!.data, Float32Array.of(1.5, -2))
    assert.deepEqual(a!.parameters, { content_type: 'np' })
    assert.deepEqual(b!.data, BigInt64Array.of(7n))
    assert.deepEqual(c!.data, BigInt64Array.of(-9007199254740993n))
    assert.equal(c!.parameters, undefined)
    assert.deepEqual([...(d!.data as BytesArray)], [Uint8Array.of(0xff, 0, 0x68), new Uint8Array()])
  })

  it('makes views where the bytes are aligned, and copies where not', () => {
    const json = `{"inputs":[${binary('a', 'UINT8', '[4]', 4)},${binary('b', 'FP32', '[1]', 4)},${binary('c', 'FP64', '[1]', 8)}]}`
    const { body, jsonLength } = binaryBody(
      json,
      Uint8Array.of(1, 2, 3, 4),
      bytesOf(Float32Array.of(0.5)),
      bytesOf(Float64Array.of(0.1)),
    )
    const [a, b, c] = parseInferRequest(body, { modelName: 'm', jsonLength }).inputs.map(input => input.data)
    assert.ok(a instanceof Uint8Array && b instanceof Float32Array && c instanceof Float64Array)
    assert.equal(a.buffer, body.buffer)
    assert.equal(b.buffer, body.buffer)
    assert.equal(c.buffer, body.buffer)
    const shifted = new Uint8Array(body.length + 1).subarray(1)
    shifted.set(body)
    const copy = parseInferRequest(shifted, { modelName: 'm', jsonLength }).inputs[1]!.data
    assert.deepEqual(copy, Float32Array.of(0.5))
    assert.notEqual((copy as Float32Array).buffer, shifted.buffer)
  })

  it('takes BF16 and FP16 as bytes', () => {
    const request = parse(
      `{"inputs":[${binary('a', 'BF16', '[2]', 4)},${binary('b', 'FP16', '[2]', 4)}]}`,
      bytesOf(Uint16Array.of(0x3f80, 0x4000)),
      bytesOf(Float16Array.of(0.5, 2)),
    )
    assert.deepEqual(request.inputs[0]!.data, Uint16Array.of(0x3f80, 0x4000))
    assert.deepEqual(request.inputs[1]!.data, Float16Array.of(0.5, 2))
  })

  it('takes an empty tensor without a chunk, and JSON alone', () => {
    assert.equal(parse(`{"inputs":[${binary('a', 'FP32', '[0,3]', 0)}]}`).inputs[0]!.data.length, 0)
    assert.equal(parse('{"inputs":[]}').inputs.length, 0)
  })

  it('starts the chunks again for inputs that are given twice', () => {
    const inputs = `[${binary('a', 'UINT8', '[2]', 2)}]`
    assert.deepEqual(
      parse(`{"inputs":${inputs},"inputs":${inputs}}`, Uint8Array.of(1, 2)).inputs[0]!.data,
      Uint8Array.of(1, 2),
    )
  })

  it('says which input lacks how many bytes', () => {
    const json = `{"inputs":[${binary('a', 'UINT8', '[2]', 2)},${binary('b', 'FP64', '[2]', 16)}]}`
    assert.equal(
      message(() => parse(json, Uint8Array.of(1, 2, 3, 4, 5))),
      "input 'b' has 16 bytes of binary data by its binary_data_size, but the body ends 13 bytes short of that",
    )
  })

  it('refuses bytes that belong to no input', () => {
    const json = `{"inputs":[${binary('a', 'UINT8', '[2]', 2)}]}`
    assert.match(
      message(() => parse(json, Uint8Array.of(1, 2, 3))),
      /^the body has 1 bytes more than/,
    )
    assert.match(
      message(() => parse('{"inputs":[]}', Uint8Array.of(1))),
      /^the body has 1 bytes more than/,
    )
  })

  it('refuses chunks that do not fit datatype and shape', () => {
    assert.match(
      message(() => parse(`{"inputs":[${binary('a', 'FP32', '[3]', 8)}]}`, new Uint8Array(8))),
      /^tensor 'a' has 8 bytes of data; FP32 of shape \[3\] takes exactly 12/,
    )
    assert.match(
      message(() => parse(`{"inputs":[${binary('a', 'BYTES', '[1]', 6)}]}`, Uint8Array.of(9, 0, 0, 0, 1, 2))),
      /^tensor 'a': element 0 says it has 9 bytes, but only 2 are left/,
    )
  })

  it('wants exactly one of data and binary_data_size', () => {
    const both =
      '{"inputs":[{"name":"a","shape":[1],"datatype":"UINT8","data":[1],"parameters":{"binary_data_size":1}}]}'
    const neither = '{"inputs":[{"name":"a","shape":[1],"datatype":"UINT8"}]}'
    assert.equal(
      message(() => parse(both, Uint8Array.of(1))),
      exactlyOne('both data and'),
    )
    assert.equal(
      message(() => parse(neither)),
      exactlyOne('neither data nor'),
    )
    assert.equal(
      message(() => parseInferRequest(Buffer.from(both), { modelName: 'm' })),
      exactlyOne('both data and'),
    )
  })

  it('refuses sizes that are no sizes', () => {
    for (const size of ['-1', '1.5', '"4"', 'true', '9007199254740993', '[]']) {
      const json = `{"inputs":[{"name":"a","shape":[1],"datatype":"UINT8","parameters":{"binary_data_size":${size}}}]}`
      assert.match(
        message(() => parse(json, Uint8Array.of(1))),
        /binary_data_size of input 'a' must be the number of bytes/,
      )
    }
  })

  it('says that the header is missing when the whole body is JSON', () => {
    const json = `{"inputs":[${binary('a', 'UINT8', '[1]', 1)}]}`
    assert.match(
      message(() => parseInferRequest(Buffer.from(json), { modelName: 'm' })),
      /^input 'a' has parameters\.binary_data_size, but without the header Inference-Header-Content-Length/,
    )
  })

  it('refuses a JSON length that the body does not have', () => {
    for (const jsonLength of [14, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.match(
        message(() => parseInferRequest(Buffer.from('{"inputs":[]}'), { modelName: 'm', jsonLength })),
        /^Inference-Header-Content-Length is \S+; it must be an integer from 0 to the 13 bytes of the body$/,
      )
    }
  })

  it('never reads JSON beyond its length', () => {
    for (const json of [
      '{"inputs":[],"id":"1',
      '{"inputs":[],"a":12',
      '{"inputs":[],"a":tru',
      '{"inputs":[]',
    ]) {
      const { body, jsonLength } = binaryBody(json, Buffer.from('e",3]}}}'))
      assert.throws(
        () => parseInferRequest(body, { modelName: 'm', jsonLength }),
        (error: unknown) => ServingError.is(error) && error.violations?.[0]?.type === 'json_invalid',
      )
    }
  })
})

describe('parseInferRequest, raw binary', () => {
  const body = bytesOf(Float32Array.of(1, 2, 3, 4, 5, 6))

  it('takes name and datatype from the model, and works out one free dimension', () => {
    assert.deepEqual(raw(body, { name: 'x', datatype: 'FP32', shape: [-1, 3] }), {
      modelName: 'm',
      modelVersion: '2',
      id: undefined,
      parameters: { binary_data_output: true },
      inputs: [
        {
          name: 'x',
          datatype: 'FP32',
          shape: [2, 3],
          data: Float32Array.of(1, 2, 3, 4, 5, 6),
          parameters: undefined,
        },
      ],
      outputs: undefined,
    })
    assert.deepEqual(raw(body, { name: 'x', datatype: 'FP32', shape: [2, 3] }).inputs[0]!.shape, [2, 3])
  })

  it('takes the first of two free dimensions for a batch of one', () => {
    assert.deepEqual(raw(body, { name: 'x', datatype: 'FP32', shape: [-1, -1] }).inputs[0]!.shape, [1, 6])
    assert.deepEqual(
      raw(body, { name: 'x', datatype: 'FP32', shape: [-1, 2, -1] }).inputs[0]!.shape,
      [1, 2, 3],
    )
  })

  it('takes the whole body for one element of BYTES', () => {
    const bytes = Uint8Array.of(0xff, 0, 1)
    for (const [shape, expected] of [
      [[-1], [1]],
      [[1], [1]],
      [
        [-1, -1],
        [1, 1],
      ],
    ] as const) {
      const [input] = raw(bytes, { name: 't', datatype: 'BYTES', shape }).inputs
      assert.deepEqual(input!.shape, expected)
      assert.deepEqual([...(input!.data as BytesArray)], [bytes])
    }
  })

  it('refuses what it cannot know', () => {
    const x: TensorSpec = { name: 'x', datatype: 'FP32', shape: [-1] }
    assert.match(
      message(() => raw(body)),
      /needs a model with exactly one declared input; m declares 0$/,
    )
    assert.match(
      message(() => raw(body, x, x)),
      /m declares 2$/,
    )
    assert.match(
      message(() => parseInferRequest(body, { modelName: 'm', jsonLength: 0 })),
      /m declares 0$/,
    )
    assert.match(
      message(() => raw(body, { ...x, shape: [-1, -1, -1] })),
      /^the shape of input 'x' does not follow .* \[-1,-1,-1\]/,
    )
    assert.match(
      message(() => raw(body, { ...x, shape: [2, -1, -1] })),
      /more than one free dimension besides the batch/,
    )
    assert.match(
      message(() => raw(body.subarray(1), x)),
      /^input 'x' takes 4 bytes for each FP32 element; 23 bytes/,
    )
    assert.match(
      message(() => raw(body, { ...x, shape: [-1, 4] })),
      /^tensor 'x' has 6 elements, which do not fit/,
    )
    assert.match(
      message(() => raw(body, { ...x, datatype: 'BYTES', shape: [2] })),
      /^tensor 'x' has 1 element/,
    )
  })
})
