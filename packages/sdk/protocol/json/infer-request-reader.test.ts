import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { InferenceRequest } from '../../model/index.ts'
import { BytesArray, type Datatype, type TensorData } from '../../tensor/index.ts'
import { parseInferRequest } from './infer-request-reader.ts'

function parse(text: string): InferenceRequest {
  return parseInferRequest(Buffer.from(text), { modelName: 'm', modelVersion: '1' })
}

function parseData(datatype: Datatype, shape: string, data: string): TensorData {
  const request = parse(`{"inputs":[{"name":"x","shape":${shape},"datatype":"${datatype}","data":${data}}]}`)
  assert.equal(request.inputs[0]!.datatype, datatype)
  return request.inputs[0]!.data
}

function texts(data: TensorData): string[] {
  assert.ok(data instanceof BytesArray)
  return data.toStrings()
}

describe('parseInferRequest, JSON', () => {
  it('reads every member', () => {
    const request = parse(
      '{"id":"7","parameters":{"a":[1,{"b":null}]},"inputs":[{"name":"x","shape":[1,3],"datatype":"INT32",' +
        '"parameters":{"content_type":"np"},"data":[[4,5,6]]}],"outputs":[{"name":"y","parameters":{"k":true}},{"name":"z"}]}',
    )
    assert.deepEqual(request, {
      modelName: 'm',
      modelVersion: '1',
      id: '7',
      parameters: { a: [1, { b: null }] },
      inputs: [
        {
          name: 'x',
          shape: [1, 3],
          datatype: 'INT32',
          parameters: { content_type: 'np' },
          data: Int32Array.of(4, 5, 6),
        },
      ],
      outputs: [
        { name: 'y', parameters: { k: true } },
        { name: 'z', parameters: undefined },
      ],
    })
  })

  it('takes null for an absent id, parameters and outputs, and keeps an empty id', () => {
    const request = parse('{"id":null,"parameters":null,"outputs":null,"inputs":[]}')
    assert.deepEqual(request, {
      modelName: 'm',
      modelVersion: '1',
      id: undefined,
      parameters: undefined,
      inputs: [],
      outputs: undefined,
    })
    assert.equal(parse('{"id":"","inputs":[]}').id, '')
  })

  it('ignores unknown members wherever they are', () => {
    const unknown = '"u":{"inputs":[1,"\\"]}",[[-1.5e3,2]],{},[],true,false,null]}'
    const request = parse(
      `{${unknown},"inputs":[{${unknown},"name":"x","shape":[1],"datatype":"BOOL","data":[true]}],"outputs":[{${unknown},"name":"y"}]}`,
    )
    assert.deepEqual(request.inputs[0]!.data, Uint8Array.of(1))
    assert.equal(request.outputs![0]!.name, 'y')
  })

  it('reads members in any order and with white space everywhere', () => {
    const request = parse(
      ' \r\n{ "inputs" : [ { "data" :\t[ [ 1 , 2 ] , [ 3 , 4 ] ] , "datatype" : "FP64" , "shape" : [ 2 , 2 ] , "name" : "x" } ] } \n',
    )
    assert.deepEqual(request.inputs[0], {
      name: 'x',
      shape: [2, 2],
      datatype: 'FP64',
      parameters: undefined,
      data: Float64Array.of(1, 2, 3, 4),
    })
  })

  it('lets the last of two members with the same name count', () => {
    const request = parse(
      '{"id":"1","inputs":[{"name":"gone","shape":[1],"datatype":"INT8","data":[1]}],"id":"2","inputs":[{"name":"w",' +
        '"shape":[2],"datatype":"INT8","data":[1,2],"datatype":"FP32","name":"x"}]}',
    )
    assert.equal(request.id, '2')
    assert.equal(request.inputs.length, 1)
    assert.equal(request.inputs[0]!.name, 'x')
    assert.deepEqual(request.inputs[0]!.data, Float32Array.of(1, 2))
  })

  it('reads each datatype, its extremes included', () => {
    const cases: [Datatype, string, TensorData][] = [
      ['BOOL', '[true,false,1,0]', Uint8Array.of(1, 0, 1, 0)],
      ['UINT8', '[0,255]', Uint8Array.of(0, 255)],
      ['UINT16', '[0,65535]', Uint16Array.of(0, 65535)],
      ['UINT32', '[0,4294967295]', Uint32Array.of(0, 4294967295)],
      [
        'UINT64',
        '[0,18446744073709551615,9007199254740993,999999999999999,1000000000000000]',
        BigUint64Array.of(0n, 18446744073709551615n, 9007199254740993n, 999999999999999n, 1000000000000000n),
      ],
      ['INT8', '[-128,127,-0]', Int8Array.of(-128, 127, 0)],
      ['INT16', '[-32768,32767]', Int16Array.of(-32768, 32767)],
      ['INT32', '[-2147483648,2147483647,1.0,2e3,30e-1]', Int32Array.of(-2147483648, 2147483647, 1, 2000, 3)],
      [
        'INT64',
        '[-9223372036854775808,9223372036854775807,-9007199254740993,-1,-4294967296,-4294967297,-0]',
        BigInt64Array.of(
          -9223372036854775808n,
          9223372036854775807n,
          -9007199254740993n,
          -1n,
          -4294967296n,
          -4294967297n,
          0n,
        ),
      ],
      ['FP16', '[0.1,65504,65519.99,null]', Float16Array.of(0.1, 65504, 65504, Number.NaN)],
      [
        'FP32',
        '[0.1,-0,3.4028235677973362e38,null]',
        Float32Array.of(0.1, -0, 3.4028234663852886e38, Number.NaN),
      ],
      [
        'FP64',
        '[0.1,-1.7976931348623157e308,5e-324,null]',
        Float64Array.of(0.1, -1.7976931348623157e308, 5e-324, Number.NaN),
      ],
    ]
    for (const [datatype, data, expected] of cases) {
      assert.deepEqual(parseData(datatype, `[${expected.length}]`, data), expected, datatype)
    }
  })

  it('reads text with its escapes', () => {
    const data = parseData(
      'BYTES',
      '[6]',
      '["","a","\\"\\\\\\/\\b\\f\\n\\r\\t","\\u00e9\\ud83d\\ude00","ü😀","\\ud800"]',
    )
    assert.deepEqual(texts(data), ['', 'a', '"\\/\b\f\n\r\t', 'é😀', 'ü😀', '\ufffd'])
  })

  it('replaces half a surrogate pair in names and parameters too', () => {
    const request = parse('{"id":"a\\udc00b","parameters":{"\\ud83d":"\\ud83d\\ude00"},"inputs":[]}')
    assert.equal(request.id, 'a\ufffdb')
    assert.deepEqual(request.parameters, { '\ufffd': '😀' })
  })

  it('reads long and many texts', () => {
    const words = Array.from({ length: 500 }, (_, index) => 'é'.repeat(index))
    assert.deepEqual(texts(parseData('BYTES', '[500]', JSON.stringify(words))), words)
  })

  it('flattens data that is nested in any way', () => {
    for (const data of [
      '[1,2,3,4]',
      '[[1,2],[3,4]]',
      '[[[1],[2]],[[3],[4]]]',
      '[1,[2,3],[[[4]]]]',
      '[[],1,2,[3,4],[[]]]',
    ]) {
      assert.deepEqual(parseData('FP32', '[2,2]', data), Float32Array.of(1, 2, 3, 4), data)
      assert.deepEqual(parseData('INT64', '[2,2]', data), BigInt64Array.of(1n, 2n, 3n, 4n), data)
    }
    assert.deepEqual(texts(parseData('BYTES', '[2,1]', '[["a"],["b"]]')), ['a', 'b'])
    assert.deepEqual(parseData('BOOL', '[2,1]', '[[true],[0]]'), Uint8Array.of(1, 0))
  })

  it('takes a single value for a tensor of one element', () => {
    assert.deepEqual(parseData('FP32', '[]', '1.5'), Float32Array.of(1.5))
    assert.deepEqual(parseData('INT64', '[1]', '7'), BigInt64Array.of(7n))
    assert.deepEqual(texts(parseData('BYTES', '[1,1]', '"text"')), ['text'])
  })

  it('reads tensors without elements', () => {
    assert.deepEqual(parseData('FP32', '[0]', '[]'), new Float32Array())
    assert.deepEqual(parseData('INT64', '[3,0]', '[[],[],[]]'), new BigInt64Array())
    assert.deepEqual(texts(parseData('BYTES', '[0]', '[]')), [])
  })

  it('reads more elements than pass through its memory at once', () => {
    const values = Array.from({ length: 5000 }, (_, index) => index / 8)
    for (const data of [
      JSON.stringify(values),
      JSON.stringify(values.map(value => [value])),
      JSON.stringify(values, null, 1),
    ]) {
      assert.deepEqual(parseData('FP32', '[5000]', data), Float32Array.from(values))
    }
  })

  it('takes integral numbers in any form, and as text, for a shape', () => {
    const request = parse(
      '{"inputs":[{"name":"x","shape":["1",1.0,2e0," +3 "],"datatype":"UINT8","data":[1,2,3,4,5,6]}]}',
    )
    assert.deepEqual(request.inputs[0]!.shape, [1, 1, 2, 3])
  })

  it('keeps integers in parameters exact', () => {
    const { parameters } = parse(
      '{"parameters":{"a":9007199254740991,"b":9007199254740993,"c":-18446744073709551616,"d":1e20,"e":0.5},"inputs":[]}',
    )
    assert.deepEqual(parameters, {
      a: 9007199254740991,
      b: 9007199254740993n,
      c: -18446744073709551616n,
      d: 1e20,
      e: 0.5,
    })
  })

  it('does not let __proto__ exchange a prototype', () => {
    const { parameters, inputs } = parse(
      '{"__proto__":{"id":"stolen"},"parameters":{"__proto__":{"admin":true},"a":{"__proto__":1}},"inputs":' +
        '[{"name":"x","shape":[1],"datatype":"INT8","data":[1],"parameters":{"constructor":1,"__proto__":{"z":1}}}]}',
    )
    assert.equal(Object.getPrototypeOf(parameters), Object.prototype)
    assert.equal(parameters!['admin'], undefined)
    assert.deepEqual(Object.keys(parameters!), ['__proto__', 'a'])
    assert.equal(Object.getPrototypeOf(inputs[0]!.parameters), Object.prototype)
    assert.equal(({} as { admin?: boolean }).admin, undefined)
  })

  it('reads a body that is not the start of its memory', () => {
    const text = '{"inputs":[{"name":"x","shape":[2],"datatype":"FP32","data":[1.5,2.5]}]}'
    for (let offset = 0; offset < 8; offset++) {
      const memory = new Uint8Array(offset + text.length + 3).fill(0x31)
      memory.set(Buffer.from(text), offset)
      const request = parseInferRequest(memory.subarray(offset, offset + text.length), { modelName: 'm' })
      assert.deepEqual(request.inputs[0]!.data, Float32Array.of(1.5, 2.5))
    }
  })
})
