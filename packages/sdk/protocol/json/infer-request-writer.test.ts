import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { InferenceRequest } from '../../model/index.ts'
import {
  BytesArray,
  DATATYPES,
  type Datatype,
  dataBytes,
  ELEMENT_SIZE_BYTES,
  type Tensor,
  tensorFromBytes,
  toTensor,
} from '../../tensor/index.ts'
import { parseInferRequest } from './infer-request-reader.ts'
import { serializeInferRequest } from './infer-request-writer.ts'

function roundTrip(request: InferenceRequest, isBinary: boolean): InferenceRequest {
  const { pieces, jsonLength, contentType } = serializeInferRequest(request, { isBinary })
  assert.equal(contentType, isBinary ? 'application/octet-stream' : 'application/json')
  assert.equal(jsonLength, isBinary ? pieces[0]!.length : undefined)
  return parseInferRequest(Buffer.concat(pieces), { modelName: request.modelName, jsonLength })
}

const bytesOf = (tensor: Tensor) => Buffer.from(dataBytes(tensor.data))

function tensorOf(datatype: Datatype): fc.Arbitrary<Tensor> {
  return fc.array(fc.nat({ max: 3 }), { maxLength: 3 }).chain((shape): fc.Arbitrary<Tensor> => {
    const count = shape.reduce((product, extent) => product * extent, 1)
    if (datatype === 'BYTES') {
      return fc
        .array(fc.uint8Array({ maxLength: 9 }), { minLength: count, maxLength: count })
        .map(data => ({ name: 'x', datatype, shape, data: BytesArray.from(data) }))
    }
    const size = count * ELEMENT_SIZE_BYTES[datatype]
    return fc
      .uint8Array({ minLength: size, maxLength: size })
      .map(bytes =>
        tensorFromBytes('x', datatype, shape, datatype === 'BOOL' ? bytes.map(b => b & 1) : bytes),
      )
  })
}

describe('serializeInferRequest', () => {
  it('writes id, parameters, inputs and requested outputs, and leaves absent ones out', () => {
    const { pieces } = serializeInferRequest({
      modelName: 'm',
      id: 'r1',
      parameters: { big: 9007199254740993n, list: [1, null] },
      inputs: [toTensor({ name: 'a', datatype: 'INT64', shape: [1, 1], data: [-9223372036854775808n] })],
      outputs: [{ name: 'y', parameters: { binary_data: false } }, { name: 'z' }],
    })
    assert.equal(
      Buffer.concat(pieces).toString(),
      '{"id":"r1","parameters":{"big":9007199254740993,"list":[1,null]},"inputs":[{"name":"a","shape":[1,1],"datatype":"INT64","data":[-9223372036854775808]}],' +
        '"outputs":[{"name":"y","parameters":{"binary_data":false}},{"name":"z"}]}',
    )
    assert.equal(
      Buffer.concat(serializeInferRequest({ modelName: 'm', inputs: [] }).pieces).toString(),
      '{"inputs":[]}',
    )
  })

  it('comes back bit for bit as binary data, whatever the datatype', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(...DATATYPES.map(tensorOf)), { maxLength: 3 }), inputs => {
        const back = roundTrip({ modelName: 'm', id: '', inputs }, true)
        assert.equal(back.parameters?.['binary_data_output'], true)
        assert.deepEqual(back.inputs.map(bytesOf), inputs.map(bytesOf))
      }),
    )
  })

  it('comes back as JSON where JSON can carry it, integers of 64 bits exact', () => {
    const inputs = [
      toTensor({
        name: 'i',
        datatype: 'INT64',
        shape: [2],
        data: [9223372036854775807n, -9007199254740993n],
      }),
      toTensor({ name: 'u', datatype: 'UINT64', shape: [1], data: [18446744073709551615n] }),
      toTensor({ name: 'f', datatype: 'FP32', shape: [3], data: [0.1, -0, Number.NaN] }),
      toTensor({ name: 'd', datatype: 'FP64', shape: [1], data: [5e-324] }),
      toTensor({ name: 'b', datatype: 'BOOL', shape: [2], data: [true, false] }),
      toTensor({ name: 't', datatype: 'BYTES', shape: [2], data: ['é"\n', ''] }),
    ]
    const back = roundTrip({ modelName: 'm', inputs }, false)
    assert.deepEqual(
      back.inputs.map(tensor => [tensor.name, tensor.datatype, tensor.shape, tensor.data]),
      inputs.map(tensor => [tensor.name, tensor.datatype, tensor.shape, tensor.data]),
    )
  })

  it('lets a request say for itself how its outputs come', () => {
    const request = { modelName: 'm', parameters: { binary_data_output: false }, inputs: [] }
    assert.deepEqual(roundTrip(request, true).parameters, { binary_data_output: false })
  })

  const refused: readonly (readonly [Tensor, RegExp])[] = [
    [
      toTensor({ name: 'h', datatype: 'BF16', shape: [1], data: [1] }),
      /^input 'h' has datatype BF16.*binary/,
    ],
    [
      toTensor({
        name: 'f',
        datatype: 'FP32',
        shape: [2],
        data: Float32Array.of(1, Number.NEGATIVE_INFINITY),
      }),
      /^input 'f', element 1 is -Infinity.*binary/,
    ],
    [
      toTensor({ name: 'b', datatype: 'BYTES', shape: [2], data: ['a', Uint8Array.of(0xff)] }),
      /^input 'b', element 1 is not valid UTF-8.*binary/,
    ],
  ]
  for (const [input, message] of refused) {
    it(`refuses ${input.datatype} that JSON cannot carry, and sends it as binary data`, () => {
      const request = { modelName: 'm', inputs: [input] }
      assert.throws(() => serializeInferRequest(request), { code: 'INVALID_ARGUMENT', message })
      assert.deepEqual(bytesOf(roundTrip(request, true).inputs[0]!), bytesOf(input))
    })
  }
})
