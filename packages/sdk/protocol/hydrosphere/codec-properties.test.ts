// The tables' numbers are those of the generated enums, which are types of their own.
/* oxlint-disable typescript/no-unsafe-enum-assignment */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import * as fc from 'fast-check'
import { ServingError } from '../../errors/index.ts'
import {
  BytesArray,
  type Datatype,
  dataBytes,
  ELEMENT_SIZE_BYTES,
  type Tensor,
  tensorFromBytes,
} from '../../tensor/index.ts'
import {
  decodeContract,
  decodeGatewayRequest,
  decodePredictRequest,
  decodePredictResponse,
  encodePredictRequest,
  encodePredictResponse,
  HYDROSPHERE_GENERATIONS,
  type HydrosphereGeneration,
  type hydrosphereG2Messages,
  type hydrosphereG3Messages,
  loadHydrosphereG2,
  loadHydrosphereG3,
} from '../index.ts'
import { WIRE_DATATYPES } from './data-types.ts'

const g2 = await loadHydrosphereG2()
const g3 = await loadHydrosphereG3()

// Everything here is checked against the generated messages, which know nothing of the codec.

const { DataType, TensorProtoSchema } = g2.tensor
const TYPES = Object.keys(WIRE_DATATYPES) as Datatype[]
const name = fc.oneof(fc.constantFrom('x', ''), fc.string({ unit: 'grapheme', maxLength: 60 }))
const shape = fc.array(fc.nat({ max: 4 }), { maxLength: 3 })

function tensorOf(datatype: Datatype): fc.Arbitrary<Tensor> {
  return fc.tuple(name, shape).chain(([name, shape]) => {
    const count = shape.reduce((product, extent) => product * extent, 1)
    return bytesOf(datatype, count).map(bytes => tensorFromBytes(name, datatype, shape, bytes))
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
  const sizeBytes = count * ELEMENT_SIZE_BYTES[datatype]
  return fc.uint8Array({ minLength: sizeBytes, maxLength: sizeBytes })
}

function tensorsFor(generation: HydrosphereGeneration): fc.Arbitrary<Tensor[]> {
  const types = TYPES.filter(datatype => generation !== 'G3' || datatype !== 'BF16')
  return fc.uniqueArray(fc.oneof(...types.map(tensorOf)), { maxLength: 4, selector: tensor => tensor.name })
}

/** The values of a tensor as the generated messages have them. */
function generatedValues(tensor: Tensor) {
  switch (tensor.datatype) {
    case 'BOOL':
      return { boolVal: Array.from(tensor.data, Boolean) }
    case 'BYTES':
      return { stringVal: [...tensor.data] as Uint8Array<ArrayBuffer>[] }
    case 'FP32':
      return { floatVal: [...tensor.data] }
    case 'FP64':
      return { doubleVal: [...tensor.data] }
    case 'INT64':
      return { int64Val: [...tensor.data] }
    case 'UINT64':
      return { uint64Val: [...tensor.data] }
    case 'UINT32':
      return { uint32Val: [...tensor.data] }
    case 'BF16':
      return { halfVal: [...tensor.data] }
    case 'FP16':
      return { halfVal: [...new Uint16Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.length)] }
    default:
      return { intVal: [...tensor.data] }
  }
}

/** What the generated messages make of a map of tensors, as a response. */
function generated(tensors: readonly Tensor[], generation: HydrosphereGeneration): Uint8Array {
  if (generation === 'G3') {
    const { PredictResponseSchema, TensorSchema } = { ...g3.runtime, ...g3.contract }
    const outputs: Record<string, hydrosphereG3Messages.contract.Tensor> = {}
    for (const tensor of tensors) {
      const tensorShape = { dims: tensor.shape.map(BigInt) }
      const { dtype, ...values } = generatedTensor(tensor)
      outputs[tensor.name] = create(TensorSchema, { ...values, dtype: dtype as number, tensorShape })
    }
    return toBinary(PredictResponseSchema, create(PredictResponseSchema, { outputs }))
  }
  const { PredictResponseSchema } = g2.predict
  const outputs: Record<string, hydrosphereG2Messages.tensor.TensorProto> = {}
  for (const tensor of tensors) {
    const dim = tensor.shape.map(extent => ({ size: BigInt(extent) }))
    outputs[tensor.name] = create(TensorProtoSchema, { ...generatedTensor(tensor), tensorShape: { dim } })
  }
  return toBinary(PredictResponseSchema, create(PredictResponseSchema, { outputs }))
}

function generatedTensor(tensor: Tensor) {
  const dtype = WIRE_DATATYPES[tensor.datatype].number as hydrosphereG2Messages.tensor.DataType
  return { dtype, ...generatedValues(tensor) }
}

/** Bit for bit: a NaN is more than one number. */
function assertSame(actual: readonly Tensor[], expected: readonly Tensor[]): void {
  const byName = new Map(actual.map(tensor => [tensor.name, tensor]))
  assert.equal(byName.size, expected.length)
  for (const tensor of expected) {
    const found = byName.get(tensor.name)
    assert.deepEqual(
      [found?.datatype, found?.shape, found && dataBytes(found.data)],
      [tensor.datatype, tensor.shape, new Uint8Array(dataBytes(tensor.data))],
    )
  }
}

/**
 * Objects of the generated messages cannot hold the name `__proto__`, and sort names that are numbers; a NaN has one
 * pattern of bits there, whichever it had before.
 */
const isPlain = (tensors: readonly Tensor[]) =>
  tensors.every(
    ({ name, datatype, data }) =>
      name !== '__proto__' &&
      !/^\d+$/.test(name) &&
      !(/^FP(32|64)$/.test(datatype) && (data as Float64Array).some(Number.isNaN)),
  )

for (const generation of HYDROSPHERE_GENERATIONS) {
  test(`${generation}: what the codec writes it reads, in requests and responses`, () => {
    fc.assert(
      fc.property(
        tensorsFor(generation),
        name,
        name,
        fc.option(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), { nil: undefined }),
        (inputs, modelName, signature, version) => {
          const modelVersion = version === undefined ? undefined : String(version)
          const pieces = encodePredictRequest({ modelName, modelVersion, inputs }, generation, signature)
          const decoded = decodePredictRequest(Buffer.concat(pieces), generation)
          assertSame(decoded.request.inputs, inputs)
          const said = generation === 'G3' ? ['', undefined, ''] : [modelName, modelVersion, signature]
          assert.deepEqual(
            [decoded.request.modelName, decoded.request.modelVersion, decoded.signatureName],
            said,
          )
        },
      ),
    )
  })

  test(`${generation}: what the codec writes is what the generated code writes, and the other way round`, () => {
    fc.assert(
      fc.property(tensorsFor(generation).filter(isPlain), outputs => {
        const theirs = generated(outputs, generation)
        assertSame(decodePredictResponse(theirs, generation), outputs)
        const ours = Buffer.concat(encodePredictResponse(outputs, generation))
        assert.deepEqual(new Uint8Array(ours), new Uint8Array(theirs))
      }),
    )
  })

  test(`${generation}: any bytes are read, or refused with an error that says why`, () => {
    const readers = [
      (bytes: Uint8Array) => decodePredictRequest(bytes, generation),
      (bytes: Uint8Array) => decodePredictResponse(bytes, generation),
      (bytes: Uint8Array) => decodeContract(bytes, generation),
      (bytes: Uint8Array) => decodeGatewayRequest(bytes, generation === 'G1' ? 'G2' : generation),
    ]
    const check = (bytes: Uint8Array) => {
      for (const read of readers) {
        try {
          read(bytes)
        } catch (error) {
          assert.ok(ServingError.is(error), String(error))
          assert.ok(['INVALID_ARGUMENT', 'UNIMPLEMENTED'].includes(error.code))
        }
      }
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), check))
    const cut = tensorsFor(generation).chain(tensors => {
      const whole = Buffer.concat(encodePredictResponse(tensors, generation))
      return fc.tuple(fc.nat({ max: whole.length }), fc.nat({ max: 255 })).map(([place, byte]) => {
        const damaged = new Uint8Array(whole.subarray(0, Math.max(place, whole.length - 8)))
        if (place < damaged.length) damaged[place] = byte
        return damaged
      })
    })
    fc.assert(fc.property(cut, check))
  })
}

test('unpacked numbers are read as packed ones are', () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { maxLength: 5 }), values => {
      const packed = toBinary(
        TensorProtoSchema,
        create(TensorProtoSchema, { dtype: DataType.DT_INT32, intVal: values }),
      )
      const single = values.map(value => {
        const one = toBinary(TensorProtoSchema, create(TensorProtoSchema, { intVal: [value] }))
        // Field 7 with the wire type of a varint, and the varint itself.
        return Uint8Array.of(0x38, ...one.subarray(2))
      })
      const unpacked = Buffer.concat([Uint8Array.of(0x08, 3), ...single])
      assert.deepEqual(read(unpacked), read(packed))
      assert.deepEqual([...(read(unpacked)!.data as Int32Array)], values)
      assert.equal(fromBinary(TensorProtoSchema, unpacked).intVal.length, values.length)
    }),
  )
})

function read(tensor: Uint8Array): Tensor | undefined {
  return decodePredictResponse(asResponse(tensor), 'G2')[0]
}

function asResponse(tensor: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(0x0a, tensor.length + 2, 0x12, tensor.length), tensor])
}
