import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import * as fc from 'fast-check'
import { ServingError } from '../../errors/index.ts'
import type { InferenceRequest, InferenceResponse } from '../../model/index.ts'
import {
  BytesArray,
  DATATYPES,
  type Datatype,
  dataBytes,
  ELEMENT_SIZE_BYTES,
  type Parameters,
  type Tensor,
  tensorFromBytes,
} from '../../tensor/index.ts'
import { inference } from '../index.ts'
import { decodeInferRequest, decodeInferResponse, encodeInferRequest, encodeInferResponse } from './index.ts'

// Everything here is checked against the generated messages, which know nothing of the codec.

const name = fc.oneof(fc.constantFrom('input-0', 'x', ''), fc.string({ unit: 'grapheme', maxLength: 60 }))
const shape = fc.array(fc.nat({ max: 4 }), { maxLength: 3 })
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })

/** Values that come back as they went: a bigint stands only for what a number cannot hold. */
const parameterValue = fc.oneof(
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.string({ unit: 'grapheme' }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).filter(value => !Number.isSafeInteger(Number(value))),
)
const parameterName = name.filter(text => text !== '__proto__')
const parameters: fc.Arbitrary<Parameters | undefined> = fc
  .dictionary(parameterName, parameterValue, { maxKeys: 3, noNullPrototype: true })
  .map(entries => (Object.keys(entries).length === 0 ? undefined : entries))

function tensorOf(datatype: Datatype): fc.Arbitrary<Tensor> {
  return fc.tuple(name, shape, parameters).chain(([name, shape, parameters]) => {
    const count = shape.reduce((product, extent) => product * extent, 1)
    return bytesOf(datatype, count).map(bytes => tensorFromBytes(name, datatype, shape, bytes, parameters))
  })
}

function bytesOf(datatype: Datatype, count: number): fc.Arbitrary<Uint8Array> {
  const exactly = { minLength: count, maxLength: count }
  if (datatype === 'BYTES') {
    return fc
      .array(fc.uint8Array({ maxLength: 40 }), exactly)
      .map(elements => BytesArray.from(elements).packed())
  }
  if (datatype === 'BOOL') return fc.array(fc.nat({ max: 1 }), exactly).map(bits => Uint8Array.from(bits))
  if (datatype === 'INT64')
    return fc.array(int64, exactly).map(values => dataBytes(BigInt64Array.from(values)))
  const sizeBytes = count * ELEMENT_SIZE_BYTES[datatype]
  return fc.uint8Array({ minLength: sizeBytes, maxLength: sizeBytes })
}

const tensors = fc.array(fc.oneof(...DATATYPES.map(tensorOf)), { maxLength: 4 })
const typedTensors = fc.array(
  fc.oneof(...DATATYPES.filter(datatype => datatype !== 'FP16' && datatype !== 'BF16').map(tensorOf)),
  { maxLength: 4 },
)
const version = fc.option(
  name.filter(text => text !== ''),
  { nil: undefined },
)

const requestHead = {
  modelName: name,
  modelVersion: version,
  id: version,
  parameters,
  outputs: fc.option(
    fc.array(fc.record({ name, parameters }, { noNullPrototype: true }), { minLength: 1, maxLength: 3 }),
    {
      nil: undefined,
    },
  ),
}
const rawRequest: fc.Arbitrary<InferenceRequest> = fc.record(
  { ...requestHead, inputs: tensors },
  { noNullPrototype: true },
)
const typedRequest: fc.Arbitrary<InferenceRequest> = fc.record(
  { ...requestHead, inputs: typedTensors },
  { noNullPrototype: true },
)
const response: fc.Arbitrary<InferenceResponse> = fc.record({
  modelName: name,
  modelVersion: version,
  id: version,
  parameters,
  outputs: tensors,
})

/** Tensors as plain values: in them one NaN is like any other. */
function plain(tensors: readonly Tensor[]) {
  return tensors.map(({ name, datatype, shape, data, parameters }) => ({
    name,
    datatype,
    shape: [...shape],
    parameters,
    data: datatype === 'BYTES' ? Array.from(data, hex) : Array.from(data as ArrayLike<number>),
  }))
}

/** Not a Buffer, so that the fields of what is read from it are not Buffers either. */
function joined(pieces: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces))
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

type EsParameter = MessageInitShape<typeof inference.InferParameterSchema>

function toEsParameters(parameters: Parameters | undefined): Record<string, EsParameter> {
  return Object.fromEntries(
    Object.entries(parameters ?? {}).map(([name, value]) => [name, toEsParameter(value)]),
  )
}

function toEsParameter(value: unknown): EsParameter {
  switch (typeof value) {
    case 'boolean':
      return { parameterChoice: { case: 'boolParam', value } }
    case 'string':
      return { parameterChoice: { case: 'stringParam', value } }
    case 'bigint':
      return { parameterChoice: { case: value >= 2n ** 63n ? 'uint64Param' : 'int64Param', value } }
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0)
        ? { parameterChoice: { case: 'int64Param', value: BigInt(value) } }
        : { parameterChoice: { case: 'doubleParam', value } }
    default:
      throw new TypeError(`no parameter kind for ${typeof value}`)
  }
}

function toEsTensor(tensor: Tensor, isRaw: boolean) {
  return {
    name: tensor.name,
    datatype: tensor.datatype as string,
    shape: tensor.shape.map(BigInt),
    parameters: toEsParameters(tensor.parameters),
    ...(isRaw || tensor.data.length === 0 ? {} : { contents: toEsContents(tensor) }),
  }
}

function toEsContents({ datatype, data }: Tensor) {
  switch (datatype) {
    case 'BOOL':
      return { boolContents: Array.from(data, value => value === 1) }
    case 'UINT8':
    case 'UINT16':
    case 'UINT32':
      return { uintContents: Array.from(data) }
    case 'INT8':
    case 'INT16':
    case 'INT32':
      return { intContents: Array.from(data) }
    case 'INT64':
      return { int64Contents: Array.from(data) }
    case 'UINT64':
      return { uint64Contents: Array.from(data) }
    case 'FP32':
      return { fp32Contents: Array.from(data) }
    case 'FP64':
      return { fp64Contents: Array.from(data) }
    case 'BYTES':
      return { bytesContents: Array.from(data) }
    default:
      throw new TypeError(`${datatype} has no typed form`)
  }
}

function toEsRequest(request: InferenceRequest, isRaw: boolean) {
  return create(inference.ModelInferRequestSchema, {
    modelName: request.modelName,
    modelVersion: request.modelVersion ?? '',
    id: request.id ?? '',
    parameters: toEsParameters(request.parameters),
    inputs: request.inputs.map(input => toEsTensor(input, isRaw)),
    outputs: (request.outputs ?? []).map(({ name, parameters }) => ({
      name,
      parameters: toEsParameters(parameters),
    })),
    rawInputContents: isRaw ? request.inputs.map(input => dataBytes(input.data)) : [],
  })
}

function toEsResponse(response: InferenceResponse, isRaw: boolean) {
  return create(inference.ModelInferResponseSchema, {
    modelName: response.modelName,
    modelVersion: response.modelVersion ?? '',
    id: response.id ?? '',
    parameters: toEsParameters(response.parameters),
    outputs: response.outputs.map(output => toEsTensor(output, isRaw)),
    rawOutputContents: isRaw ? response.outputs.map(output => dataBytes(output.data)) : [],
  })
}

function assertSameRequest(is: InferenceRequest, shouldBe: InferenceRequest): void {
  assert.deepEqual({ ...is, inputs: plain(is.inputs) }, { ...shouldBe, inputs: plain(shouldBe.inputs) })
}

for (const [form, requests] of [
  ['raw', rawRequest],
  ['typed', typedRequest],
] as const) {
  const isRaw = form === 'raw'

  test(`a ${form} request that the generated code wrote is read as it was meant`, () => {
    fc.assert(
      fc.property(requests, request => {
        const decoded = decodeInferRequest(
          toBinary(inference.ModelInferRequestSchema, toEsRequest(request, isRaw)),
        )
        assertSameRequest(decoded.request, request)
        assert.equal(decoded.isRaw, isRaw && request.inputs.length > 0)
      }),
    )
  })

  test(`a ${form} request is written so that the generated code reads it as it was meant`, () => {
    fc.assert(
      fc.property(requests, request => {
        const bytes = joined(encodeInferRequest(request, isRaw))
        const message = fromBinary(inference.ModelInferRequestSchema, bytes)
        assert.deepEqual(message, toEsRequest(request, isRaw))
        assertSameRequest(decodeInferRequest(bytes).request, request)
      }),
    )
  })
}

test('a response is written so that the generated code and the client read it as it was meant', () => {
  fc.assert(
    fc.property(response, fc.boolean(), (response, isRawWanted) => {
      const isRaw =
        isRawWanted || response.outputs.some(({ datatype }) => datatype === 'FP16' || datatype === 'BF16')
      const bytes = joined(encodeInferResponse(response, isRawWanted))
      const message = fromBinary(inference.ModelInferResponseSchema, bytes)
      assert.deepEqual(message, toEsResponse(response, isRaw))
      const decoded = decodeInferResponse(bytes)
      assert.deepEqual(
        { ...decoded, outputs: plain(decoded.outputs) },
        { ...response, outputs: plain(response.outputs) },
      )
    }),
  )
})

/** What the codec makes of hostile bytes: an answer, or the one error it may throw. */
function survives(
  decode: (bytes: Uint8Array) => { readonly tensors: readonly Tensor[] },
  bytes: Uint8Array,
): boolean {
  try {
    for (const { shape, data } of decode(bytes).tensors) {
      assert.equal(
        data.length,
        shape.includes(0) ? 0 : shape.reduce((product, extent) => product * extent, 1),
      )
    }
    return true
  } catch (error) {
    assert.ok(ServingError.is(error), String(error))
    assert.equal(error.code, 'INVALID_ARGUMENT')
    return false
  }
}

const decoders = [
  (bytes: Uint8Array) => ({ tensors: decodeInferRequest(bytes).request.inputs }),
  (bytes: Uint8Array) => ({ tensors: decodeInferResponse(bytes).outputs }),
]

test('a message that is cut off anywhere is refused, unless what is left is a message itself', () => {
  fc.assert(
    fc.property(fc.oneof(rawRequest, typedRequest), fc.boolean(), (request, isRaw) => {
      const bytes = joined(encodeInferRequest(request, isRaw))
      for (let length = 0; length < bytes.length; length++) {
        const start = bytes.subarray(0, length)
        const isRead = survives(decoders[0]!, start)
        if (isRead) fromBinary(inference.ModelInferRequestSchema, start)
      }
    }),
    { numRuns: 30 },
  )
})

test('bytes changed at random are read or refused, and nothing else happens', () => {
  const change = fc.tuple(fc.nat(), fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 0x7f, 0x80, 0xff)))
  const changes = fc.array(fc.array(change, { minLength: 1, maxLength: 6 }), { minLength: 50, maxLength: 50 })
  fc.assert(
    fc.property(fc.oneof(rawRequest, typedRequest), fc.boolean(), changes, (request, isRaw, rounds) => {
      const bytes = joined(encodeInferRequest(request, isRaw))
      for (const round of rounds) {
        const mutant = Uint8Array.from(bytes)
        for (const [position, byte] of round) if (mutant.length > 0) mutant[position % mutant.length] = byte
        for (const decode of decoders) survives(decode, mutant)
      }
    }),
    { numRuns: 150 },
  )
})

test('bytes of any kind are read or refused, and nothing else happens', () => {
  // Mostly the tags of these messages, so that some get far.
  const byte = fc.oneof(
    fc.constantFrom(0x0a, 0x12, 0x1a, 0x22, 0x2a, 0x32, 0x3a, 0x01, 0x02, 0x04),
    fc.nat({ max: 255 }),
  )
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 60 }), values => {
      for (const decode of decoders) survives(decode, Uint8Array.from(values))
    }),
    { numRuns: 5000 },
  )
})
