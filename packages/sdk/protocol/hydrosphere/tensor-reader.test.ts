import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import type { BytesArray, Tensor } from '../../tensor/index.ts'
import {
  decodeContract,
  decodePredictRequest,
  decodePredictResponse,
  encodePredictRequest,
  encodePredictResponse,
  loadHydrosphereG2,
  loadHydrosphereG3,
} from '../index.ts'

const g2 = await loadHydrosphereG2()
const g3 = await loadHydrosphereG3()

const { DataType, TensorProtoSchema } = g2.tensor
type Init = MessageInitShape<typeof TensorProtoSchema>

const size = (extent: number) => ({ size: BigInt(extent) })
const shaped = (...extents: number[]): Init => ({ tensorShape: { dim: extents.map(size) } })

/** A response of G2 with one tensor, as the generated code writes it. */
function response(init: Init): Uint8Array {
  const { PredictResponseSchema } = g2.predict
  return toBinary(PredictResponseSchema, create(PredictResponseSchema, { outputs: { y: init } }))
}

function read(init: Init): Tensor {
  return decodePredictResponse(response(init), 'G2')[0]!
}

suite('elements', () => {
  test('lie where they are if they are aligned', () => {
    const large = new Float32Array(10_000).fill(1.5)
    const message = Buffer.concat(
      encodePredictResponse([{ name: 'y', datatype: 'FP32', shape: [10_000], data: large }], 'G2'),
    )
    const padded = new Uint8Array(message.length + 8)
    const start = (4 - ((message.length - large.byteLength) % 4)) % 4
    padded.set(message, start)
    const [tensor] = decodePredictResponse(padded.subarray(start, start + message.length), 'G2')
    assert.ok(tensor?.data instanceof Float32Array)
    assert.equal(tensor.data.buffer, padded.buffer)
    assert.deepEqual(tensor.data, large)
  })

  test('large ones are written by reference', () => {
    const data = new Float64Array(10_000)
    const pieces = encodePredictResponse([{ name: 'y', datatype: 'FP64', shape: [10_000], data }], 'G3')
    assert.ok(pieces.some(piece => piece.buffer === data.buffer))
  })

  test('of 16 bits are patterns', () => {
    const tensor = read({ dtype: DataType.DT_HALF, halfVal: [15872], ...shaped(1) })
    assert.deepEqual(tensor.data, Float16Array.of(1.5))
    assert.deepEqual(read({ dtype: DataType.DT_BFLOAT16, halfVal: [0x3fc0] }).data, Uint16Array.of(0x3fc0))
  })

  test('of 64 bits are exact', () => {
    const low = -(2n ** 63n)
    const high = 2n ** 63n - 1n
    assert.deepEqual(
      read({ dtype: DataType.DT_INT64, int64Val: [low, high] }).data,
      BigInt64Array.of(low, high),
    )
    const most = 2n ** 64n - 1n
    assert.deepEqual(read({ dtype: DataType.DT_UINT64, uint64Val: [most] }).data, BigUint64Array.of(most))
  })

  test('that do not fit their type are named', () => {
    assert.throws(() => read({ dtype: DataType.DT_UINT8, intVal: [1, 256], ...shaped(2) }), {
      code: 'INVALID_ARGUMENT',
      message: /^tensor 'y', element 1: 256 in int_val is not .*0 to 255.*which UINT8 needs/,
    })
    assert.throws(() => read({ dtype: DataType.DT_UINT16, intVal: [-1] }), { message: /-1 in int_val/ })
    assert.throws(() => read({ dtype: DataType.DT_HALF, halfVal: [65_536] }), { message: /half_val/ })
  })

  test("in another type's field are missed, and beside their own ignored", () => {
    assert.throws(() => read({ dtype: DataType.DT_FLOAT, doubleVal: [1], ...shaped(1) }), {
      code: 'INVALID_ARGUMENT',
      message: "tensor 'y' has its elements in double_val; those of its dtype go in float_val",
    })
    const both = read({ dtype: DataType.DT_FLOAT, floatVal: [2], doubleVal: [1], ...shaped(1) })
    assert.deepEqual(both.data, Float32Array.of(2))
  })
})

suite('bytes in place of a field', () => {
  const floats = new Uint8Array(Float32Array.of(1.5, -2).buffer)
  test('are read in both spellings', () => {
    const tensor = read({ dtype: DataType.DT_FLOAT, tensorContent: floats, ...shaped(2, 1) })
    assert.deepEqual([tensor.shape, tensor.data], [[2, 1], Float32Array.of(1.5, -2)])
    const { PredictRequestSchema } = g3.runtime
    const inputs = {
      x: { dtype: g3.contract.DataType.DT_FLOAT, tensorShape: { dims: [-1n] }, binaryVal: floats },
    }
    const request = toBinary(PredictRequestSchema, create(PredictRequestSchema, { inputs }))
    const decoded = decodePredictRequest(request, 'G3').request.inputs[0]
    assert.deepEqual([decoded?.shape, decoded?.data], [[2], Float32Array.of(1.5, -2)])
  })

  test('hold strings as lengths and text', () => {
    const tensorContent = new Uint8Array(Buffer.from('\x02\x00\x03hiyou', 'latin1'))
    const tensor = read({ dtype: DataType.DT_STRING, tensorContent, ...shaped(3) })
    assert.deepEqual((tensor.data as BytesArray).toStrings(), ['hi', '', 'you'])
    for (const count of [2, 4, 2 ** 40]) {
      assert.throws(() => read({ dtype: DataType.DT_STRING, tensorContent, ...shaped(count) }), {
        code: 'INVALID_ARGUMENT',
        message: /8 bytes of packed strings/,
      })
    }
    assert.throws(() => read({ dtype: DataType.DT_STRING, tensorContent }), { message: /need a shape/ })
  })

  test('must suit shape and type, and be alone', () => {
    const wrong = { code: 'INVALID_ARGUMENT' }
    assert.throws(() => read({ dtype: DataType.DT_FLOAT, tensorContent: floats, ...shaped(3) }), wrong)
    assert.throws(
      () => read({ dtype: DataType.DT_FLOAT, tensorContent: floats.subarray(1), ...shaped(-1) }),
      wrong,
    )
    assert.throws(() => read({ dtype: DataType.DT_FLOAT, tensorContent: floats, floatVal: [1] }), {
      message: "tensor 'y' has elements both in float_val and as bytes; only one may be there",
    })
    assert.throws(() => read({ dtype: DataType.DT_BOOL, tensorContent: Uint8Array.of(2) }), wrong)
  })
})

suite('shapes', () => {
  const floatVal = [1, 2, 3, 4, 5, 6]
  test('that are left out follow from the elements', () => {
    assert.deepEqual(read({ dtype: DataType.DT_FLOAT, floatVal }).shape, [6])
    assert.deepEqual(read({ dtype: DataType.DT_FLOAT, floatVal: [1] }).shape, [])
    assert.deepEqual(read({ dtype: DataType.DT_FLOAT }).shape, [0])
    const unknown = read({ dtype: DataType.DT_FLOAT, floatVal, tensorShape: { unknownRank: true } })
    assert.deepEqual(unknown.shape, [6])
  })

  test('that are left out are those that are declared', () => {
    const message = response({ dtype: DataType.DT_FLOAT, floatVal })
    assert.deepEqual(decodePredictResponse(message, 'G2', new Map([['y', [-1, 3]]]))[0]?.shape, [2, 3])
    assert.throws(() => decodePredictResponse(message, 'G2', new Map([['y', [4]]])), {
      code: 'INVALID_ARGUMENT',
      message: "tensor 'y' has 6 elements, which do not fit its declared shape [4]",
    })
    const own = response({ dtype: DataType.DT_FLOAT, floatVal, ...shaped(6) })
    assert.deepEqual(decodePredictResponse(own, 'G2', new Map([['y', [-1, 3]]]))[0]?.shape, [6])
  })

  test('may leave one extent open', () => {
    assert.deepEqual(read({ dtype: DataType.DT_FLOAT, floatVal, ...shaped(-1, 2) }).shape, [3, 2])
    assert.throws(() => read({ dtype: DataType.DT_FLOAT, floatVal, ...shaped(-1, -1) }), {
      message: /only one extent of a tensor may be -1/,
    })
    assert.throws(() => read({ dtype: DataType.DT_FLOAT, floatVal, ...shaped(-1, 4) }), {
      code: 'INVALID_ARGUMENT',
    })
  })

  test('must have as many elements as there are', () => {
    assert.throws(() => read({ dtype: DataType.DT_FLOAT, floatVal, ...shaped(7) }), {
      code: 'INVALID_ARGUMENT',
      message: "tensor 'y' has 6 elements; shape [7] needs exactly 7",
    })
    assert.throws(() => read({ dtype: DataType.DT_FLOAT, ...shaped(2 ** 50) }), {
      code: 'INVALID_ARGUMENT',
    })
    assert.deepEqual(read({ dtype: DataType.DT_FLOAT, ...shaped(0, 3) }).shape, [0, 3])
  })

  test('are bounded', () => {
    const many = Array.from({ length: 65 }, () => 1)
    assert.throws(() => read({ dtype: DataType.DT_FLOAT, floatVal: [1], ...shaped(...many) }), {
      code: 'INVALID_ARGUMENT',
      message: /more than 64 dimensions/,
    })
    assert.throws(() => read({ dtype: DataType.DT_FLOAT, floatVal: [1], ...shaped(-2) }), {
      code: 'INVALID_ARGUMENT',
      message: /a dimension of a shape is -2/,
    })
  })
})

suite('types that no tensor has', () => {
  test('known ones are named, others numbered', () => {
    assert.throws(() => read({ dtype: DataType.DT_COMPLEX64, scomplexVal: [1, 2] }), {
      code: 'UNIMPLEMENTED',
      message: /^tensor 'y' has dtype DT_COMPLEX64, which is not supported/,
    })
    assert.throws(() => read({ dtype: DataType.DT_QINT8, intVal: [1] }), { code: 'UNIMPLEMENTED' })
    assert.throws(() => read({ dtype: DataType.DT_MAP, mapVal: [{}] }), {
      code: 'UNIMPLEMENTED',
      message: /^tensor 'y' has nested fields/,
    })
    assert.throws(() => read({ dtype: 999 as never }), {
      code: 'INVALID_ARGUMENT',
      message: "tensor 'y' has dtype 999, which is not a number of the enum DataType",
    })
    assert.throws(() => read({ floatVal: [1] }), { message: "tensor 'y' has no dtype" })
  })

  test('BF16 cannot be written in G3', () => {
    const tensor: Tensor = { name: 'y', datatype: 'BF16', shape: [1], data: Uint16Array.of(0) }
    assert.throws(() => encodePredictResponse([tensor], 'G3'), {
      code: 'UNIMPLEMENTED',
      message: /^tensor 'y' has datatype BF16/,
    })
  })
})

suite('messages', () => {
  test('fields of old releases are skipped, and of entries with one name the last counts', () => {
    const { PredictResponseSchema } = g2.predict
    const old = toBinary(
      PredictResponseSchema,
      create(PredictResponseSchema, {
        outputs: { y: { dtype: DataType.DT_FLOAT, floatVal: [1] } },
        internalInfo: { a: { dtype: DataType.DT_COMPLEX64 } },
        traceData: { ts: 1n },
      }),
    )
    const twice = Buffer.concat([old, response({ dtype: DataType.DT_FLOAT, floatVal: [2] })])
    const outputs = decodePredictResponse(twice, 'G2')
    assert.deepEqual([outputs.length, outputs[0]?.data], [1, Float32Array.of(2)])
  })

  test('a length beyond the end, a cut varint, too many tensors', () => {
    for (const hostile of [
      [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
      [0x0a, 0x80],
      [0x0a, 0x04, 0x12, 0x7f, 0x08, 0x01],
      [0x0a, 0x06, 0x12, 0x04, 0x08, 0x03, 0x38, 0x80],
      [0x0b],
    ]) {
      assert.throws(() => decodePredictResponse(Uint8Array.from(hostile), 'G2'), { code: 'INVALID_ARGUMENT' })
    }
    const entries = Array.from({ length: 16_385 }, (_, index) => {
      const key = Buffer.from(String(index))
      return Buffer.concat([Uint8Array.of(0x0a, key.length + 2, 0x0a, key.length), key])
    })
    assert.throws(() => decodePredictResponse(Buffer.concat(entries), 'G3'), {
      code: 'INVALID_ARGUMENT',
      message: /more than 16384 tensors/,
    })
  })

  test('what nests without end is passed over or refused, and takes no stack', () => {
    // A map in a map in a map: field 27, whose tag takes two bytes.
    let nested: Uint8Array = new Uint8Array()
    for (let depth = 0; depth < 3000; depth++) {
      nested = Buffer.concat([head(0xda, 0x01), size32(nested.length), nested])
    }
    const tensor = Buffer.concat([head(0x08, 27), nested])
    const entry = Buffer.concat([head(0x12), size32(tensor.length), tensor])
    const message = Buffer.concat([head(0x0a), size32(entry.length), entry])
    assert.throws(() => decodePredictResponse(message, 'G3'), { code: 'UNIMPLEMENTED' })
    let field: Uint8Array = Uint8Array.of(0x20, 1)
    for (let depth = 0; depth < 3000; depth++) {
      const subfields = Buffer.concat([head(0x0a), size32(field.length), field])
      field = Buffer.concat([head(0x1a), size32(subfields.length), subfields])
    }
    const contract = Buffer.concat([head(0x12), size32(field.length), field])
    assert.throws(() => decodeContract(contract, 'G3'), {
      code: 'UNIMPLEMENTED',
      message: /subfields, which models of tensors cannot be given/,
    })
  })

  test('a version that is no integer cannot be sent', () => {
    const request = { modelName: 'm', modelVersion: 'v1', inputs: [] }
    assert.throws(() => encodePredictRequest(request, 'G2'), {
      code: 'INVALID_ARGUMENT',
      message: "modelVersion is 'v1'; Hydrosphere's versions are integers from 0 to 2^63 - 1",
    })
    assert.deepEqual(encodePredictRequest(request, 'G3'), [])
  })

  test('a field of a contract with an odd type or profile', () => {
    assert.throws(() => decodeContract(contractOf(0x20, 1, 0x28, 7), 'G3'), {
      code: 'INVALID_ARGUMENT',
      message: "field 'x' of the contract has profile 7, which is not a number of the enum DataProfileType",
    })
    assert.throws(() => decodeContract(contractOf(), 'G3'), { message: /has no dtype/ })
  })
})

/** A contract of G3 whose only input has these bytes behind its name. */
function contractOf(...field: number[]): Uint8Array {
  return Uint8Array.of(0x12, field.length + 3, 0x0a, 1, 'x'.charCodeAt(0), ...field)
}

function head(...bytes: number[]): Uint8Array {
  return Uint8Array.from(bytes)
}

/** A length as a varint of five bytes, so that it need not be measured. */
function size32(length: number): Uint8Array {
  const bytes = [0, 7, 14, 21].map(shift => ((length >>> shift) & 0x7f) | 0x80)
  return Uint8Array.from([...bytes, (length >>> 28) & 0x0f])
}
