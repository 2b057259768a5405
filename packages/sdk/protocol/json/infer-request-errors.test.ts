import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ServingError } from '../../errors/index.ts'
import { parseInferRequest } from './infer-request-reader.ts'

function refuse(body: string | Uint8Array): ServingError {
  try {
    parseInferRequest(typeof body === 'string' ? Buffer.from(body) : body, { modelName: 'm' })
  } catch (error) {
    assert.ok(ServingError.is(error), String(error))
    assert.equal(error.code, 'INVALID_ARGUMENT')
    return error
  }
  return assert.fail(`accepted ${String(body)}`)
}

function refuseData(datatype: string, shape: string, data: string): string {
  const error = refuse(`{"inputs":[{"name":"x","shape":${shape},"datatype":"${datatype}","data":${data}}]}`)
  assert.equal(error.violations, undefined)
  return error.message
}

/** A sound request but for the members given last. */
function input(members: string): string {
  return `{"inputs":[{"name":"x","shape":[1],"datatype":"INT8","data":[1],${members}}]}`
}

const DATATYPES =
  "Input should be 'BOOL', 'UINT8', 'UINT16', 'UINT32', 'UINT64', 'INT8', 'INT16', 'INT32', 'INT64', 'FP16', 'FP32', 'FP64' or 'BYTES'"

describe('parseInferRequest, schema violations', () => {
  it("answers an unknown datatype in MLServer's words", () => {
    const error = refuse('{"inputs":[{"name":"input-0","shape":[1,3],"datatype":"INT322","data":[1,2,3]}]}')
    assert.deepEqual(error.violations, [
      {
        type: 'enum',
        loc: ['body', 'inputs', 0, 'datatype'],
        msg: DATATYPES,
        input: 'INT322',
        ctx: { expected: DATATYPES.slice('Input should be '.length) },
      },
    ])
    assert.equal(error.message, `inputs[0].datatype: ${DATATYPES}`)
  })

  it('names every missing member', () => {
    const error = refuse('{"inputs":[{},{"name":"x"}],"outputs":[{}]}')
    assert.deepEqual(
      error.violations!.map(({ type, loc, msg }) => [type, loc.join('.'), msg]),
      [
        'inputs.0.name',
        'inputs.0.shape',
        'inputs.0.datatype',
        'inputs.0.data',
        'inputs.1.shape',
        'inputs.1.datatype',
        'inputs.1.data',
        'outputs.0.name',
      ].map(path => ['missing', `body.${path}`, 'Field required']),
    )
    assert.match(error.message, /^inputs\[0\]\.name: Field required; inputs\[0\]\.shape: Field required; /)
    assert.deepEqual(error.violations![4]!.input, { name: 'x' })
  })

  it('names what has the wrong type', () => {
    const cases: [body: string, type: string, loc: (string | number)[], value: unknown][] = [
      ['{"id":1,"inputs":[]}', 'string_type', ['id'], 1],
      ['{"inputs":{}}', 'list_type', ['inputs'], {}],
      ['{"inputs":null}', 'list_type', ['inputs'], null],
      ['{"inputs":[3]}', 'model_attributes_type', ['inputs', 0], 3],
      ['{"inputs":[],"outputs":{}}', 'list_type', ['outputs'], {}],
      ['{"inputs":[],"outputs":["y"]}', 'model_attributes_type', ['outputs', 0], 'y'],
      ['{"inputs":[],"outputs":[{"name":null}]}', 'string_type', ['outputs', 0, 'name'], null],
      ['{"inputs":[],"parameters":[]}', 'model_attributes_type', ['parameters'], []],
      ['[]', 'model_attributes_type', [], []],
      ['12', 'model_attributes_type', [], 12],
      ['"text"', 'model_attributes_type', [], 'text'],
      [input('"name":1'), 'string_type', ['inputs', 0, 'name'], 1],
      [input('"shape":1'), 'list_type', ['inputs', 0, 'shape'], 1],
      [input('"shape":[1.5]'), 'int_from_float', ['inputs', 0, 'shape', 0], 1.5],
      [input('"shape":[1,"two"]'), 'int_parsing', ['inputs', 0, 'shape', 1], 'two'],
      [input('"shape":[null]'), 'int_type', ['inputs', 0, 'shape', 0], null],
      [input('"shape":[[1]]'), 'int_type', ['inputs', 0, 'shape', 0], [1]],
      [input('"datatype":7'), 'enum', ['inputs', 0, 'datatype'], 7],
      [input('"parameters":"p"'), 'model_attributes_type', ['inputs', 0, 'parameters'], 'p'],
      [input('"data":null'), 'missing', ['inputs', 0, 'data'], undefined],
    ]
    for (const [body, type, loc, value] of cases) {
      const { violations, message } = refuse(body)
      assert.equal(violations?.length, 1, body)
      assert.equal(violations[0]!.type, type, body)
      assert.deepEqual(violations[0]!.loc, ['body', ...loc], body)
      if (value !== undefined) assert.deepEqual(violations[0]!.input, value, body)
      assert.match(message, /: (Input should be|Field required)/)
    }
  })

  it('says that inputs, or the whole body, is missing', () => {
    assert.deepEqual(refuse('{}').violations, [
      { type: 'missing', loc: ['body', 'inputs'], msg: 'Field required', input: {} },
    ])
    const empty = refuse('')
    assert.deepEqual(empty.violations, [
      { type: 'missing', loc: ['body'], msg: 'Field required', input: null },
    ])
    assert.equal(empty.message, 'the request body: Field required')
  })

  it('leaves long values out of the answer', () => {
    const [violation] = refuse(`{"inputs":"${'x'.repeat(1000)}"}`).violations!
    assert.equal('input' in violation!, false)
  })

  it('stops collecting before a hostile body makes the answer huge', () => {
    const body = `{"inputs":[${Array.from({ length: 100_000 }, () => '{}').join(',')}]}`
    assert.equal(refuse(body).violations!.length, 16)
  })
})

describe('parseInferRequest, broken JSON', () => {
  it('says where and why', () => {
    const cases: [body: string | Uint8Array, offset: number, reason: RegExp][] = [
      ['What is the capital of France?', 0, /expected a value/],
      ['  ', 2, /expected a value/],
      ['{', 1, /expected a name/],
      ['{"a"', 4, /expected ':'/],
      ['{"a" 1}', 5, /expected ':'/],
      ['{"a":1 "b":2}', 7, /expected ',' or '}'/],
      ['{"a":1,}', 7, /expected a name/],
      ['{a:1}', 1, /expected a name/],
      ["{'a':1}", 1, /expected a name/],
      ['{"a":[1,]}', 8, /expected a value/],
      ['{"a":[1 2]}', 8, /expected ',' or ']'/],
      ['{"a":[,1]}', 6, /expected a value/],
      ['{"a":01}', 5, /starts with 0/],
      ['{"a":+1}', 5, /expected a value/],
      ['{"a":.5}', 5, /expected a value/],
      ['{"a":1.}', 7, /digit after '.'/],
      ['{"a":1e}', 7, /exponent/],
      ['{"a":-}', 6, /digit after '-'/],
      ['{"a":NaN}', 5, /expected a value/],
      ['{"a":nul}', 5, /expected a value/],
      ['{"a":truE}', 5, /expected a value/],
      ['{"a":"x}', 5, /string does not end/],
      ['{"a":"\\x"}', 5, /escape/],
      ['{"a":"\\u12g4"}', 5, /escape/],
      ['{"a":"x\ny"}', 7, /control character/],
      ['{"a":"x\u0000y"}', 7, /control character/],
      ['{"parameters":{"a":1e400},"inputs":[]}', 19, /range of a double/],
      ['{"inputs":[]} x', 14, /something follows/],
      ['{"inputs":[]}{}', 13, /something follows/],
      ['\ufeff{"inputs":[]}', 0, /expected a value/],
      [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 2, /UTF-8/],
      [Buffer.from('{"é":"\xe9"}', 'latin1'), 2, /UTF-8/],
      [Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 1, /UTF-8/],
    ]
    for (const [body, offset, reason] of cases) {
      const { violations, message } = refuse(body)
      const [violation] = violations!
      assert.equal(violation!.type, 'json_invalid', String(body))
      assert.equal(violation!.msg, 'JSON decode error')
      assert.deepEqual(violation!.loc, ['body', offset], String(body))
      assert.match(String(violation!.ctx!['error']), reason, String(body))
      assert.match(message, /^the request body is not valid JSON: .*byte \d+\)?$/)
    }
  })

  it('is as strict inside the data of a tensor', () => {
    for (const data of [
      '[1,,2]',
      '[,1]',
      '[1,]',
      '[1 2]',
      '[01,2]',
      '[1.,2]',
      '[[1,2]',
      '[1,2]]',
      '[1,2}',
      '[[1][2]]',
      '[1[2]]',
      '[1,2',
      '1,2',
      '[+1,2]',
      '[nan,1]',
    ]) {
      for (const datatype of ['FP32', 'INT64', 'BOOL', 'BYTES']) {
        const literals = datatype === 'BYTES' ? data.replace(/\d+/g, '"$&"').replace(/\+/g, '') : data
        if (datatype === 'BYTES' && /\.|\["01|\[""1|\["1","2"\]$/.test(literals)) continue
        const error = refuse(
          `{"inputs":[{"name":"x","shape":[2],"datatype":"${datatype}","data":${literals}}]}`,
        )
        const isElement =
          /element \d+: \d+ is not/.test(error.message) || / elements?; shape/.test(error.message)
        assert.ok(
          error.violations?.[0]?.type === 'json_invalid' || isElement,
          `${datatype} ${literals}: ${error.message}`,
        )
      }
    }
  })
})

describe('parseInferRequest, wrong elements', () => {
  it('names the tensor, the element, its value and what is allowed', () => {
    const cases: [datatype: string, data: string, message: string][] = [
      ['INT8', '[1,300]', "tensor 'x', element 1: 300 is not an integer from -128 to 127"],
      ['INT8', '[1,[-129]]', "tensor 'x', element 1: -129 is not an integer from -128 to 127"],
      ['UINT8', '[-1,0]', "tensor 'x', element 0: -1 is not an integer from 0 to 255"],
      ['UINT32', '[1.5,0]', "tensor 'x', element 0: 1.5 is not an integer from 0 to 4294967295"],
      ['INT32', '[null,0]', "tensor 'x', element 0: null is not an integer from -2147483648 to 2147483647"],
      ['INT32', '[1,"2"]', `tensor 'x', element 1: "2" is not an integer from -2147483648 to 2147483647`],
      ['INT16', '[true,1]', "tensor 'x', element 0: true is not an integer from -32768 to 32767"],
      [
        'FP32',
        '[1,1e39]',
        "tensor 'x', element 1: 1e+39 is not a number from -3.4028234663852886e+38 to 3.4028234663852886e+38",
      ],
      [
        'FP32',
        '[-3.4028235677973366e38,1]',
        "tensor 'x', element 0: -3.4028235677973366e+38 is not a number from -3.4028234663852886e+38 to 3.4028234663852886e+38",
      ],
      ['FP16', '[65520,1]', "tensor 'x', element 0: 65520 is not a number from -65504 to 65504"],
      ['FP64', '[1,1e999]', "tensor 'x', element 1: a number beyond the range of a double is not a number"],
      [
        'FP32',
        '[1,{"a":1}]',
        "tensor 'x', element 1: an object is not a number from -3.4028234663852886e+38 to 3.4028234663852886e+38",
      ],
      [
        'FP32',
        '[false,1]',
        "tensor 'x', element 0: false is not a number from -3.4028234663852886e+38 to 3.4028234663852886e+38",
      ],
      ['BOOL', '[true,2]', "tensor 'x', element 1: 2 is not true or false"],
      ['BOOL', '[1.0,0]', "tensor 'x', element 0: 1.0 is not true or false"],
      ['BOOL', '["true",0]', `tensor 'x', element 0: "true" is not true or false`],
      ['BOOL', '[null,0]', "tensor 'x', element 0: null is not true or false"],
      ['BYTES', '["a",1]', "tensor 'x', element 1: 1 is not text"],
      ['BYTES', '[null,"a"]', "tensor 'x', element 0: null is not text"],
      [
        'INT64',
        '[1,9223372036854775808]',
        "tensor 'x', element 1: 9223372036854775808 is not an integer from -9223372036854775808 to 9223372036854775807",
      ],
      [
        'INT64',
        '[-9223372036854775809,1]',
        "tensor 'x', element 0: -9223372036854775809 is not an integer from -9223372036854775808 to 9223372036854775807",
      ],
      [
        'INT64',
        '[1.0,1]',
        "tensor 'x', element 0: 1.0 is not an integer from -9223372036854775808 to 9223372036854775807",
      ],
      [
        'INT64',
        '[1e3,1]',
        "tensor 'x', element 0: 1e3 is not an integer from -9223372036854775808 to 9223372036854775807",
      ],
      [
        'UINT64',
        '[18446744073709551616,1]',
        "tensor 'x', element 0: 18446744073709551616 is not an integer from 0 to 18446744073709551615",
      ],
      ['UINT64', '[-1,1]', "tensor 'x', element 0: -1 is not an integer from 0 to 18446744073709551615"],
      ['UINT64', '["1",1]', `tensor 'x', element 0: "1" is not an integer from 0 to 18446744073709551615`],
    ]
    for (const [datatype, data, message] of cases) assert.equal(refuseData(datatype, '[2]', data), message)
  })

  it('shows long values in part', () => {
    assert.match(
      refuseData('INT64', '[1]', `[${'9'.repeat(5000)}]`),
      /^tensor 'x', element 0: 9{40}… is not an integer/,
    )
    assert.match(
      refuseData('INT8', '[1]', `["${'y'.repeat(5000)}"]`),
      /^tensor 'x', element 0: "y{40}…" is not an integer/,
    )
  })

  it('finds the element behind many good ones', () => {
    const values = Array.from({ length: 3000 }, () => '1')
    values[2500] = '128'
    assert.match(refuseData('INT8', '[3000]', `[${values.join(',')}]`), /element 2500: 128/)
    values[2500] = 'true'
    assert.match(refuseData('FP32', '[3000]', `[${values.join(',')}]`), /element 2500: true/)
  })

  it('counts the elements', () => {
    assert.equal(
      refuseData('FP32', '[1,4]', '[1,2,3]'),
      "tensor 'x' has 3 elements; shape [1,4] needs exactly 4",
    )
    assert.equal(
      refuseData('INT64', '[1]', '[1,2,3]'),
      "tensor 'x' has 3 elements; shape [1] needs exactly 1",
    )
    assert.equal(refuseData('BYTES', '[2]', '["a"]'), "tensor 'x' has 1 element; shape [2] needs exactly 2")
    assert.equal(refuseData('BOOL', '[0]', '[true]'), "tensor 'x' has 1 element; shape [0] needs exactly 0")
    assert.equal(refuseData('FP32', '[2]', '5'), "tensor 'x' has 1 element; shape [2] needs exactly 2")
  })

  it('refuses shapes that no tensor has', () => {
    assert.match(
      refuseData('FP32', '[-1,3]', '[1,2,3]'),
      /tensor 'x' has shape \[-1,3\]: every dimension must be/,
    )
    assert.match(refuseData('FP32', '[9007199254740991,3]', '[1,2,3]'), /more elements than can be addressed/)
    assert.match(
      refuseData('FP32', `[${Array.from({ length: 65 }, () => 1).join(',')}]`, '[1]'),
      /inputs\[0\]\.shape has more than 64 dimensions/,
    )
  })

  it('refuses BF16 as numbers and says what to do', () => {
    assert.match(refuseData('BF16', '[1]', '[1]'), /tensor 'x' has datatype BF16, .* binary tensor data/)
  })

  it('refuses switches that are neither on nor off', () => {
    const error = refuse('{"inputs":[],"parameters":{"binary_data_output":"yes"}}')
    assert.equal(error.message, 'parameters.binary_data_output of the request must be true or false')
    assert.equal(
      refuse('{"inputs":[],"outputs":[{"name":"y","parameters":{"binary_data":1}}]}').message,
      "parameters.binary_data of output 'y' must be true or false",
    )
  })
})
