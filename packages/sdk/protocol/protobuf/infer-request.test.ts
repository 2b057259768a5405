import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { BytesArray, dataBytes } from '../../tensor/index.ts'
import { inference } from '../index.ts'
import { decodeInferRequest, encodeInferRequest, MAX_DIMENSIONS, MAX_TENSORS } from './index.ts'

const { Varint: VARINT, LengthDelimited: LEN } = WireType

type RequestInit = MessageInitShape<typeof inference.ModelInferRequestSchema>

const ENUM_TEXT =
  "Input should be 'BOOL', 'UINT8', 'UINT16', 'UINT32', 'UINT64', 'INT8', 'INT16', 'INT32', 'INT64', 'FP16', 'FP32', 'FP64' or 'BYTES'"

function encode(init: RequestInit): Uint8Array {
  return toBinary(inference.ModelInferRequestSchema, create(inference.ModelInferRequestSchema, init))
}

function refuses(message: RequestInit | Uint8Array, expected: string | RegExp): void {
  const bytes = message instanceof Uint8Array ? message : encode(message)
  const error = { name: 'ServingError', code: 'INVALID_ARGUMENT', message: expected }
  assert.throws(() => decodeInferRequest(bytes), error)
}

function textParameter(value: string) {
  return { parameterChoice: { case: 'stringParam', value } } as const
}

function rawRequest(datatype: string, shape: bigint[], chunk: Uint8Array): RequestInit {
  return { inputs: [{ name: 'x', datatype, shape }], rawInputContents: [chunk] }
}

/** A request for a tensor without data. */
function shaped(...shape: bigint[]): RequestInit {
  return { inputs: [{ name: 'x', datatype: 'FP32', shape }] }
}

function ofDimensions(count: number): RequestInit {
  const shape = Array.from({ length: count }, () => 1n)
  return { inputs: [{ name: 'x', datatype: 'INT8', shape, contents: { intContents: [5] } }] }
}

function packed(...elements: string[]): Uint8Array {
  return BytesArray.from(elements).packed()
}

test('golden: INT32 1,2,3 in the raw form', () => {
  const bytes = Buffer.from(
    '0a0373756d' + // model_name "sum"
      '2a14' + // inputs
      '0a07696e7075742d30' + // name "input-0"
      '1205494e543332' + // datatype "INT32"
      '1a020103' + // shape 1,3
      '3a0c010000000200000003000000', // raw_input_contents
    'hex',
  )
  const { request, isRaw } = decodeInferRequest(bytes)
  assert.equal(isRaw, true)
  assert.deepEqual(request, {
    modelName: 'sum',
    modelVersion: undefined,
    id: undefined,
    parameters: undefined,
    inputs: [
      {
        name: 'input-0',
        datatype: 'INT32',
        shape: [1, 3],
        data: Int32Array.of(1, 2, 3),
        parameters: undefined,
      },
    ],
    outputs: undefined,
  })
  assert.deepEqual(Buffer.concat(encodeInferRequest(request, true)), bytes)
})

test('golden: the same typed, with version, id and a requested output', () => {
  const bytes = Buffer.from(
    '0a0373756d' + // model_name "sum"
      '120676312e322e33' + // model_version "v1.2.3"
      '1a0137' + // id "7"
      '2a1b' + // inputs
      '0a07696e7075742d30' +
      '1205494e543332' +
      '1a020103' +
      '2a051203010203' + // contents, int_contents 1,2,3
      '32070a05746f74616c', // outputs, name "total"
    'hex',
  )
  const { request, isRaw } = decodeInferRequest(bytes)
  assert.equal(isRaw, false)
  assert.equal(request.modelVersion, 'v1.2.3')
  assert.equal(request.id, '7')
  assert.deepEqual(request.inputs[0]?.data, Int32Array.of(1, 2, 3))
  assert.deepEqual(request.outputs, [{ name: 'total', parameters: undefined }])
  assert.deepEqual(Buffer.concat(encodeInferRequest(request, false)), bytes)
})

test('golden: raw BYTES one, two, three', () => {
  const chunk = Buffer.from('030000006f6e650300000074776f050000007468726565', 'hex')
  const { request } = decodeInferRequest(
    encode({ inputs: [{ name: 'x', datatype: 'BYTES', shape: [3n] }], rawInputContents: [chunk] }),
  )
  const [input] = request.inputs
  assert.ok(input?.datatype === 'BYTES')
  assert.deepEqual(input.data.toStrings(), ['one', 'two', 'three'])
  assert.deepEqual(Buffer.from(dataBytes(input.data)), chunk)
})

test('an empty message is a request for the model without a name', () => {
  assert.deepEqual(decodeInferRequest(new Uint8Array(0)), {
    request: {
      modelName: '',
      modelVersion: undefined,
      id: undefined,
      parameters: undefined,
      inputs: [],
      outputs: undefined,
    },
    isRaw: false,
  })
})

test('parameters of request, input and requested output are kept apart', () => {
  const { request } = decodeInferRequest(
    encode({
      parameters: { a: textParameter('request') },
      inputs: [{ name: 'x', datatype: 'FP32', shape: [0n], parameters: { a: textParameter('input') } }],
      outputs: [{ name: 'y', parameters: { a: textParameter('output') } }, { name: 'z' }],
    }),
  )
  assert.deepEqual(request.parameters, { a: 'request' })
  assert.deepEqual(request.inputs[0]?.parameters, { a: 'input' })
  assert.deepEqual(request.outputs, [
    { name: 'y', parameters: { a: 'output' } },
    { name: 'z', parameters: undefined },
  ])
})

test('raw tensors are views where they lie aligned, copies where not', () => {
  const bytes = encode({
    inputs: [{ name: 'x', datatype: 'FP64', shape: [2n] }],
    rawInputContents: [new Uint8Array(Float64Array.of(1.5, -2).buffer)],
  })
  const payloadOffset = bytes.length - 16
  for (const shift of [0, 1, 2, 3, 4, 5, 6, 7]) {
    // A Buffer, as transports deliver it: its `slice` would not copy.
    const memory = Buffer.alloc(bytes.length + 8)
    const message = memory.subarray(shift, shift + bytes.length)
    message.set(bytes)
    const data = decodeInferRequest(message).request.inputs[0]!.data
    assert.deepEqual(data, Float64Array.of(1.5, -2))
    assert.ok(data instanceof Float64Array)
    const isAligned = (message.byteOffset + payloadOffset) % 8 === 0
    assert.equal(data.buffer === memory.buffer, isAligned)
  }
})

test('fields may come in any order, and tensors before their datatype', () => {
  const input = new BinaryWriter()
    .tag(5, LEN)
    .bytes(Uint8Array.of(0x12, 2, 7, 8))
    .tag(3, VARINT)
    .int64(2)
    .tag(2, LEN)
    .string('INT8')
    .tag(1, LEN)
    .string('x')
    .finish()
  const { request } = decodeInferRequest(
    new BinaryWriter().tag(5, LEN).bytes(input).tag(1, LEN).string('m').finish(),
  )
  assert.equal(request.modelName, 'm')
  assert.deepEqual(request.inputs[0]?.data, Int8Array.of(7, 8))
})

test('unknown fields are skipped at every level', () => {
  const unknown = () => new BinaryWriter().tag(15, LEN).string('?').tag(99, VARINT).int32(-1)
  const contents = unknown()
    .raw(Uint8Array.of(0x12, 1, 7))
    .finish()
  const input = unknown()
    .tag(2, LEN)
    .string('INT8')
    .tag(3, LEN)
    .bytes(Uint8Array.of(1))
    .tag(5, LEN)
    .bytes(contents)
    .finish()
  const message = unknown().tag(5, LEN).bytes(input).tag(6, LEN).bytes(unknown().finish()).finish()
  const { request } = decodeInferRequest(message)
  assert.deepEqual(request.inputs[0]?.data, Int8Array.of(7))
  assert.deepEqual(request.outputs, [{ name: '', parameters: undefined }])
})

test('an unknown datatype is refused in the words that MLServer uses', () => {
  refuses({ inputs: [{ name: 'x', datatype: 'INT322' }] }, `tensor 'x' has datatype "INT322". ${ENUM_TEXT}`)
  refuses({ inputs: [{ name: 'x' }] }, `tensor 'x' has datatype "". ${ENUM_TEXT}`)
  refuses({ inputs: [{ name: 'x', datatype: 'toString' }] }, /has datatype "toString"/)
})

test('raw and typed contents do not mix', () => {
  refuses(
    {
      inputs: [{ name: 'x', datatype: 'INT8', shape: [1n], contents: { intContents: [1] } }],
      rawInputContents: [Uint8Array.of(1)],
    },
    "tensor 'x' has elements in int_contents although the message has raw_input_contents; all tensors must travel in one form",
  )
})

test('empty contents beside raw ones count as absent', () => {
  const { request, isRaw } = decodeInferRequest(
    encode({
      inputs: [{ name: 'x', datatype: 'INT8', shape: [1n], contents: {} }],
      rawInputContents: [Uint8Array.of(1)],
    }),
  )
  assert.equal(isRaw, true)
  assert.deepEqual(request.inputs[0]?.data, Int8Array.of(1))
  const emptyRun = Uint8Array.of(0x12, 0)
  const input = new BinaryWriter()
    .tag(2, LEN)
    .string('INT8')
    .tag(3, VARINT)
    .int64(1)
    .tag(5, LEN)
    .bytes(emptyRun)
    .finish()
  const message = new BinaryWriter().tag(5, LEN).bytes(input).tag(7, LEN).bytes(Uint8Array.of(1)).finish()
  assert.deepEqual(decodeInferRequest(message).request.inputs[0]?.data, Int8Array.of(1))
})

test('there must be one raw entry for each input', () => {
  const input = { name: 'x', datatype: 'INT8', shape: [1n] }
  const one = Uint8Array.of(1)
  refuses(
    { inputs: [input, input], rawInputContents: [one] },
    'raw_input_contents has 1 entry for 2 inputs; it must have one for each',
  )
  refuses(
    { inputs: [input], rawInputContents: [one, one] },
    'raw_input_contents has 2 entries for 1 input; it must have one for each',
  )
  refuses({ rawInputContents: [one] }, /has 1 entry for 0 inputs/)
})

test('raw entries must be exactly as long as shape and datatype say', () => {
  refuses(
    rawRequest('FP32', [2n], new Uint8Array(7)),
    /tensor 'x' has 7 bytes of data; FP32 of shape \[2\] takes exactly 8/,
  )
  refuses(rawRequest('FP16', [2n], new Uint8Array(5)), /takes exactly 4/)
  refuses(rawRequest('BYTES', [2n], packed('one')), /tensor 'x'/)
  refuses(rawRequest('BYTES', [1n], packed('one', 'two')), /tensor 'x': 7 bytes are left over/)
  refuses(rawRequest('BOOL', [1n], Uint8Array.of(2)), /tensor 'x', element 0/)
})

test('shapes are counted exactly, however large or negative', () => {
  refuses(shaped(-1n), /tensor 'x' has shape \[-1\]/)
  refuses(shaped(2n ** 62n), /every dimension must be an integer from 0 to 2\^53 - 1/)
  refuses(shaped(2n ** 40n, 2n ** 40n), /more elements than can be addressed/)
  refuses(
    shaped(2n ** 52n),
    /tensor 'x' has 0 elements; shape \[4503599627370496\] needs exactly 4503599627370496/,
  )
  assert.equal(decodeInferRequest(encode(shaped(2n ** 52n, 0n))).request.inputs[0]?.data.length, 0)
})

test('a tensor may be empty in both forms, and a scalar has one element', () => {
  const empty = { name: 'x', datatype: 'BYTES', shape: [0n, 3n] }
  assert.equal(decodeInferRequest(encode({ inputs: [empty] })).request.inputs[0]?.data.length, 0)
  const raw = decodeInferRequest(encode({ inputs: [empty], rawInputContents: [new Uint8Array(0)] }))
  assert.equal(raw.request.inputs[0]?.data.length, 0)
  assert.equal(raw.isRaw, true)
  const scalar = { name: 'x', datatype: 'FP64', shape: [], contents: { fp64Contents: [0.5] } }
  assert.deepEqual(
    decodeInferRequest(encode({ inputs: [scalar] })).request.inputs[0]?.data,
    Float64Array.of(0.5),
  )
})

test('text that is not UTF-8 is refused wherever it is', () => {
  for (const field of [1, 2, 3]) {
    refuses(
      new BinaryWriter().tag(field, LEN).bytes(Uint8Array.of(0x61, 0xff)).finish(),
      /at byte 2: text is not valid UTF-8/,
    )
  }
})

test('the number of inputs, raw entries and requested outputs is limited', () => {
  const message = (field: number, body: Uint8Array, count: number) => {
    const writer = new BinaryWriter()
    for (let index = 0; index < count; index++) writer.tag(field, LEN).bytes(body)
    return writer.finish()
  }
  const input = new BinaryWriter().tag(2, LEN).string('INT8').tag(3, VARINT).int64(0).finish()
  const nothing = new Uint8Array(0)
  assert.equal(decodeInferRequest(message(5, input, MAX_TENSORS)).request.inputs.length, MAX_TENSORS)
  refuses(message(5, input, MAX_TENSORS + 1), `the message has more than ${MAX_TENSORS} inputs`)
  refuses(message(6, nothing, MAX_TENSORS + 1), `the message has more than ${MAX_TENSORS} outputs`)
  refuses(message(7, nothing, MAX_TENSORS + 1), `the message has more than ${MAX_TENSORS} raw_input_contents`)
})

test('the number of dimensions is limited', () => {
  assert.equal(
    decodeInferRequest(encode(ofDimensions(MAX_DIMENSIONS))).request.inputs[0]?.shape.length,
    MAX_DIMENSIONS,
  )
  refuses(encode(ofDimensions(MAX_DIMENSIONS + 1)), /a tensor has more than 64 dimensions/)
})
