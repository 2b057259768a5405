import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { ServingError, toTensor } from '@millrace/sdk'
import {
  decodeContract,
  decodeGatewayRequest,
  decodePredictRequest,
  decodePredictResponse,
  encodeContract,
  encodePredictRequest,
  encodePredictResponse,
  HYDROSPHERE_GENERATIONS,
  loadHydrosphereG2,
  loadHydrosphereG3,
} from '@millrace/sdk/protocol'

const g2 = await loadHydrosphereG2()
const g3 = await loadHydrosphereG3()

const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))
const hex = (pieces: readonly Uint8Array[] | Uint8Array) =>
  Buffer.concat(pieces instanceof Uint8Array ? [pieces] : pieces).toString('hex')

const GATEWAY_REQUEST =
  '0a0a7363616c65722d61707012200a027873121a080212040a0201023210000000000000f83f0000000000000040'

test("check 1: the gateway's request is read as what it says", () => {
  const { modelName, inputs } = decodeGatewayRequest(bytes(GATEWAY_REQUEST), 'G3')
  assert.equal(modelName, 'scaler-app')
  assert.deepEqual(inputs, [{ name: 'xs', datatype: 'FP64', shape: [1, 2], data: Float64Array.of(1.5, 2) }])
})

test('check 4: profile is field 10 in G2 and 5 in G3, extents are fields 2 and 1', () => {
  const signatures = [
    {
      name: 'f',
      inputs: [{ name: 'x', datatype: 'FP64', shape: [3], profile: 'NUMERICAL' }],
      outputs: [{ name: 'y', datatype: 'FP64', shape: [] }],
    },
  ] as const
  const second = hex(encodeContract({ modelName: '', signatures }, 'G2'))
  const third = hex(encodeContract({ modelName: '', signatures }, 'G3'))
  // x; shape with dim 2 {size 3}; double; profile at 0x50 (field 10), against 0x28 (field 5).
  assert.ok(second.includes('0a0178120412020803'.concat('20025002')), second)
  assert.ok(third.includes('0a017812030a0103'.concat('20022802')), third)
  // The extent unpacked, as old writers put it: field 1 as a varint.
  const unpacked = bytes('0a016612 0b0a0178 12020803 2002 2802 1a07 0a0179 1200 2002'.replaceAll(' ', ''))
  assert.deepEqual(decodeContract(unpacked, 'G3').signatures[0]?.inputs[0]?.shape, [3])
})

test('check 6: an unknown number of a type is told of clearly', () => {
  // outputs {key y, value {dtype 99, shape []}}
  const message = bytes('0a090a0179120408631200')
  for (const generation of HYDROSPHERE_GENERATIONS) {
    assert.throws(
      () => decodePredictResponse(message, generation),
      (error: unknown) => ServingError.is(error) && /y.*99|99.*y/.test(error.message),
    )
  }
  const { TensorSchema } = g3.contract
  const unknown = bytes('08631200')
  assert.equal(hex(toBinary(TensorSchema, fromBinary(TensorSchema, unknown))), hex(unknown))
})

test('checks 7, 8: halves are bit patterns, 64-bit integers exact at their limits', () => {
  const half = toTensor({ name: 'h', datatype: 'FP16', shape: [1], data: [1.5] })
  const g3Half = fromBinary(
    g3.runtime.PredictResponseSchema,
    Buffer.concat(encodePredictResponse([half], 'G3')),
  )
  assert.deepEqual(g3Half.outputs['h']?.halfVal, [15_872])
  const limits = [-(2n ** 63n), 2n ** 63n - 1n]
  const tensors = [
    toTensor({ name: 'i', datatype: 'INT64', shape: [2], data: limits }),
    toTensor({ name: 'u', datatype: 'UINT64', shape: [1], data: [2n ** 64n - 1n] }),
  ]
  for (const generation of HYDROSPHERE_GENERATIONS) {
    const read = decodePredictResponse(
      new Uint8Array(Buffer.concat(encodePredictResponse(tensors, generation))),
      generation,
    )
    assert.deepEqual(
      read.map(({ data }) => [...(data as BigInt64Array)]),
      [limits, [2n ** 64n - 1n]],
    )
  }
})

test('check 10: inputs are field 2 of G1 and G2, field 1 of G3; fields 101 and 102 of answers are passed over', () => {
  const inputs = [toTensor({ name: 'xs', datatype: 'FP64', shape: [], data: [1] })]
  const request = { modelName: '', inputs }
  assert.match(hex(encodePredictRequest(request, 'G1')), /^12/)
  assert.match(hex(encodePredictRequest(request, 'G2')), /^12/)
  assert.match(hex(encodePredictRequest(request, 'G3')), /^0a/)
  assert.deepEqual(
    decodePredictRequest(new Uint8Array(Buffer.concat(encodePredictRequest(request, 'G2'))), 'G2').request
      .inputs,
    inputs,
  )
  const old = bytes('aa06020a00'.concat('b206020801', '0a170a05746f74616c120e0802120032080000000000000c40'))
  assert.deepEqual(decodePredictResponse(old, 'G2'), [
    { name: 'total', datatype: 'FP64', shape: [], data: Float64Array.of(3.5) },
  ])
})

test('check 11: metric specifications are announced in field 3', () => {
  const second = create(g2.discovery.MetricSpecDiscoveryEventSchema, { added: [{ id: 'a' }] })
  assert.equal(hex(toBinary(g2.discovery.MetricSpecDiscoveryEventSchema, second)), '1a030a0161')
  const third = create(g3.discovery.MetricSpecDiscoveryEventSchema, { added: [{ id: 'a' }] })
  assert.equal(hex(toBinary(g3.discovery.MetricSpecDiscoveryEventSchema, third)), '1a030a0161')
})
