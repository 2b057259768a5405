import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ServingError } from '../../errors/index.ts'
import type { InferenceRequest, InferenceResponse } from '../../model/index.ts'
import {
  allocateData,
  BytesArray,
  DATATYPES,
  dataBytes,
  type NumericDatatype,
  type Parameters,
  type Tensor,
} from '../../tensor/index.ts'
import { parseInferRequest } from './infer-request-reader.ts'
import { serializeInferResponse } from './infer-response-writer.ts'

const REQUEST: InferenceRequest = { modelName: 'm', inputs: [] }

function tensor(datatype: Tensor['datatype'], data: Tensor['data'], parameters?: Parameters): Tensor {
  return { name: 'y', datatype, shape: [data.length], data, parameters } as Tensor
}

function write(response: Partial<InferenceResponse>, request: InferenceRequest = REQUEST): string {
  const { pieces, jsonLength, contentType } = serializeInferResponse(
    { modelName: 'm', outputs: [], ...response },
    request,
  )
  assert.equal(pieces.length, 1)
  assert.equal(jsonLength, undefined)
  assert.equal(contentType, 'application/json')
  return Buffer.from(pieces[0]!).toString()
}

function writeData(datatype: Tensor['datatype'], data: Tensor['data']): string {
  const text = write({ outputs: [tensor(datatype, data)] })
  return text.slice(text.indexOf('"data":') + '"data":'.length, -'}]}'.length)
}

function send(outputs: readonly Tensor[], request: Partial<InferenceRequest>) {
  const { pieces, jsonLength, contentType } = serializeInferResponse(
    { modelName: 'm', outputs },
    { ...REQUEST, ...request },
  )
  const json = JSON.parse(Buffer.from(pieces[0]!).toString()) as {
    outputs: { name: string; parameters?: object; data?: unknown }[]
  }
  if (jsonLength !== undefined) assert.equal(jsonLength, pieces[0]!.length)
  assert.equal(contentType, jsonLength === undefined ? 'application/json' : 'application/octet-stream')
  return { chunks: pieces.slice(1), json, jsonLength }
}

function roundTrip(output: Tensor): Tensor {
  const written = write({ outputs: [output] }).replace('"outputs"', '"inputs"')
  return parseInferRequest(Buffer.from(written), { modelName: 'm' }).inputs[0]!
}

describe('serializeInferResponse, JSON', () => {
  it("writes the members in MLServer's order and leaves absent ones out", () => {
    assert.equal(
      write({
        modelName: 'sum',
        modelVersion: 'v1',
        id: 'r1',
        parameters: { extra1: 'v1' },
        outputs: [
          {
            name: 'total',
            datatype: 'INT64',
            shape: [1, 1],
            data: BigInt64Array.of(6n),
            parameters: { content_type: 'np' },
          },
          { name: 'b', datatype: 'BOOL', shape: [], data: Uint8Array.of(1) },
        ],
      }),
      '{"model_name":"sum","model_version":"v1","id":"r1","parameters":{"extra1":"v1"},"outputs":[{"name":"total","shape":[1,1],' +
        '"datatype":"INT64","parameters":{"content_type":"np"},"data":[6]},{"name":"b","shape":[],"datatype":"BOOL","data":[true]}]}',
    )
    assert.equal(write({}), '{"model_name":"m","outputs":[]}')
    assert.equal(
      write({ id: '', modelVersion: '' }),
      '{"model_name":"m","model_version":"","id":"","outputs":[]}',
    )
  })

  it('writes every datatype', () => {
    const cases: [Tensor['datatype'], Tensor['data'], string][] = [
      ['BOOL', Uint8Array.of(0, 1), '[false,true]'],
      ['UINT8', Uint8Array.of(0, 255), '[0,255]'],
      ['UINT16', Uint16Array.of(65535), '[65535]'],
      ['UINT32', Uint32Array.of(0, 4294967295, 1000000000), '[0,4294967295,1000000000]'],
      [
        'UINT64',
        BigUint64Array.of(18446744073709551615n, 9007199254740993n),
        '[18446744073709551615,9007199254740993]',
      ],
      ['INT8', Int8Array.of(-128, 0, 127), '[-128,0,127]'],
      ['INT16', Int16Array.of(-32768, 9), '[-32768,9]'],
      ['INT32', Int32Array.of(-2147483648, 2147483647), '[-2147483648,2147483647]'],
      [
        'INT64',
        BigInt64Array.of(-9223372036854775808n, -9007199254740991n, 0n),
        '[-9223372036854775808,-9007199254740991,0]',
      ],
      ['FP16', Float16Array.of(0.1, Number.NaN, 65504, -0), '[0.099975586,null,65504,-0.0]'],
      ['FP32', Float32Array.of(0.1, Number.POSITIVE_INFINITY, -1e-7), '[0.1,null,-1e-7]'],
      [
        'FP64',
        Float64Array.of(0.1, Number.NaN, Number.NEGATIVE_INFINITY, 1e21, -0),
        '[0.1,null,null,1e+21,-0.0]',
      ],
      ['FP64', Float64Array.of(0.1, Number.NaN, Number.NEGATIVE_INFINITY, 5e-324), '[0.1,null,null,5e-324]'],
      [
        'BYTES',
        BytesArray.from(['', 'a"\\/\b\f\n\r\t\u0000\u001f\u007f', 'é😀']),
        '["","a\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\u007f","é😀"]',
      ],
    ]
    for (const [datatype, data, expected] of cases)
      assert.equal(writeData(datatype, data), expected, datatype)
    for (const datatype of DATATYPES) {
      if (datatype === 'BF16') continue
      const none = datatype === 'BYTES' ? BytesArray.from([]) : allocateData(datatype, 0)
      assert.equal(writeData(datatype, none), '[]')
    }
  })

  it('escapes names and writes parameters of every kind', () => {
    const text = write({
      id: 'é"\\\n\ud800',
      parameters: {
        'k"': [1, -0.5, 18446744073709551615n, true, null, { a: [] }],
        n: Number.NaN,
        long: 'x"é'.repeat(40),
        ['__proto__']: 1,
      },
    })
    assert.equal(
      text,
      `{"model_name":"m","id":"é\\"\\\\\\n\\ud800","parameters":{"k\\"":[1,-0.5,18446744073709551615,true,null,{"a":[]}],"n":null,"long":"${'x\\"é'.repeat(40)}","__proto__":1},"outputs":[]}`,
    )
  })

  it('drops a binary_data_size that a model passed on', () => {
    const output = tensor('INT8', Int8Array.of(1), { binary_data_size: 8, a: 1 })
    assert.match(write({ outputs: [output] }), /"parameters":\{"a":1\},"data":\[1\]/)
  })

  it('refuses BF16 and says to ask for binary data', () => {
    assert.throws(
      () => write({ outputs: [tensor('BF16', Uint16Array.of(1))] }),
      (error: unknown) =>
        ServingError.is(error) &&
        error.code === 'INVALID_ARGUMENT' &&
        /^output 'y' has datatype BF16.*parameters\.binary_data/.test(error.message),
    )
  })

  it('refuses bytes that are not text and says what to do', () => {
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0x61, 0x80]]) {
      assert.throws(
        () => write({ outputs: [tensor('BYTES', BytesArray.from(['fine', Uint8Array.from(bytes)]))] }),
        (error: unknown) =>
          ServingError.is(error) &&
          error.code === 'INVALID_ARGUMENT' &&
          /^output 'y', element 1 is not valid UTF-8 .*binary data.*base64/.test(error.message),
      )
    }
  })

  it('gives each answer memory of its own', () => {
    const first = serializeInferResponse({ modelName: 'first', outputs: [] }, REQUEST).pieces[0]!
    const before = Buffer.from(first).toString()
    assert.throws(() => write({ outputs: [tensor('BF16', Uint16Array.of(1))] }))
    write({ modelName: 'another one', outputs: [tensor('INT8', new Int8Array(100_000))] })
    assert.equal(Buffer.from(first).toString(), before)
  })

  it('writes long tensors of every kind', () => {
    for (const [datatype, data] of [
      ['FP32', Float32Array.from({ length: 20_000 }, (_, index) => index / 7)],
      ['FP64', Float64Array.from({ length: 20_000 }, (_, index) => index / 7)],
      ['INT32', Int32Array.from({ length: 20_000 }, (_, index) => index * -1000)],
    ] as const) {
      assert.deepEqual(
        JSON.parse(writeData(datatype, data)),
        Array.from(data, value => (datatype === 'FP32' ? Number(shortest(value)) : value)),
      )
    }
    const words = Array.from({ length: 300 }, (_, index) => '\u0001é'.repeat(index * 20))
    assert.deepEqual(JSON.parse(writeData('BYTES', BytesArray.from(words))), words)
  })
})

describe('serializeInferResponse, binary outputs', () => {
  const a: Tensor<'FP32'> = {
    name: 'a',
    datatype: 'FP32',
    shape: [2],
    data: Float32Array.of(1, 2),
    parameters: { content_type: 'np' },
  }
  const b: Tensor = { name: 'b', datatype: 'INT8', shape: [1], data: Int8Array.of(3) }
  const c: Tensor = {
    name: 'c',
    datatype: 'BYTES',
    shape: [2],
    data: BytesArray.from([Uint8Array.of(0xff, 0), '']),
  }
  const empty: Tensor = { name: 'e', datatype: 'FP32', shape: [0], data: new Float32Array() }

  it('sends all outputs as bytes, by reference, when the request says so', () => {
    const { chunks, json } = send([a, b, c], { parameters: { binary_data_output: true } })
    assert.deepEqual(json.outputs, [
      { name: 'a', shape: [2], datatype: 'FP32', parameters: { content_type: 'np', binary_data_size: 8 } },
      { name: 'b', shape: [1], datatype: 'INT8', parameters: { binary_data_size: 1 } },
      { name: 'c', shape: [2], datatype: 'BYTES', parameters: { binary_data_size: 10 } },
    ])
    assert.deepEqual(
      chunks,
      [a, b, c].map(output => dataBytes(output.data)),
    )
    assert.equal(chunks[0]!.buffer, a.data.buffer)
  })

  it('lets an output decide against the request', () => {
    const binary = { binary_data: true }
    const json = { binary_data: false }
    const cases: [InferenceRequest['outputs'], Parameters | undefined, names: string[]][] = [
      [undefined, undefined, []],
      [undefined, { binary_data_output: false }, []],
      [[{ name: 'b', parameters: binary }], undefined, ['b']],
      [[{ name: 'b', parameters: json }], { binary_data_output: true }, ['a']],
      [[{ name: 'a' }, { name: 'b', parameters: json }], { binary_data_output: true }, ['a']],
      [[{ name: 'a', parameters: binary }], { binary_data_output: false }, ['a']],
      [[], { binary_data_output: true }, ['a', 'b']],
    ]
    for (const [outputs, parameters, names] of cases) {
      const sent = send([a, b], { outputs, parameters })
      const withoutData = sent.json.outputs
        .filter(output => output.data === undefined)
        .map(output => output.name)
      assert.deepEqual(withoutData, names)
      assert.equal(sent.chunks.length, names.length)
      assert.equal(sent.jsonLength === undefined, names.length === 0)
    }
  })

  it('announces an empty output and sends no chunk for it', () => {
    const { chunks, json, jsonLength } = send([empty], { parameters: { binary_data_output: true } })
    assert.deepEqual(json.outputs[0]!.parameters, { binary_data_size: 0 })
    assert.deepEqual(chunks, [])
    assert.ok(jsonLength !== undefined)
  })

  it('takes BF16 and bytes that are not text', () => {
    assert.equal(
      send([tensor('BF16', Uint16Array.of(1)), c], { parameters: { binary_data_output: true } }).chunks
        .length,
      2,
    )
  })
})

describe('a tensor that goes out as JSON and comes in again', () => {
  const numeric = DATATYPES.filter(
    (datatype): datatype is Exclude<NumericDatatype, 'BF16'> => datatype !== 'BF16' && datatype !== 'BYTES',
  )

  it('is the same to the last bit, whatever its bits', () => {
    for (const datatype of numeric) {
      for (let round = 0; round < 20; round++) {
        const data = allocateData(datatype, 1000)
        const bytes = dataBytes(data)
        for (let index = 0; index < bytes.length; index++)
          bytes[index] = Math.random() * (datatype === 'BOOL' ? 2 : 256)
        if (data instanceof Float16Array || data instanceof Float32Array || data instanceof Float64Array) {
          // Only NaN and the infinities have no JSON form.
          for (let index = 0; index < data.length; index++)
            if (!Number.isFinite(data[index])) data[index] = index
        }
        assert.deepEqual(dataBytes(roundTrip(tensor(datatype, data)).data), bytes, datatype)
      }
    }
  })

  it('is the same text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), words => {
        const { data } = roundTrip(tensor('BYTES', BytesArray.from(words)))
        assert.deepEqual((data as BytesArray).toStrings(), words)
      }),
    )
  })
})

function shortest(value: number): string {
  for (let precision = 1; precision < 10; precision++) {
    const text = value.toPrecision(precision)
    if (Math.fround(Number(text)) === value) return text
  }
  return String(value)
}
