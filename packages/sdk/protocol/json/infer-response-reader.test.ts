import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ServingError } from '../../errors/index.ts'
import { dataBytes, toTensor } from '../../tensor/index.ts'
import { parseInferResponse } from './infer-response-reader.ts'
import { serializeInferResponse } from './infer-response-writer.ts'
import { MAX_DEPTH } from './json-reader.ts'

const parse = (text: string) => parseInferResponse(Buffer.from(text))

/** Parses, and fails on anything thrown that does not say what the server did wrong. */
function attempt(body: Uint8Array, jsonLength?: number): ServingError | undefined {
  try {
    parseInferResponse(body, { jsonLength })
    return undefined
  } catch (error) {
    if (!ServingError.is(error)) throw error
    assert.equal(error.code, 'INVALID_ARGUMENT')
    assert.ok(error.message.length > 0 && error.message.length < 5000)
    assert.doesNotMatch(error.message, /request|input '/)
    return error
  }
}

const OUTPUTS = [
  toTensor({ name: 'i', datatype: 'INT64', shape: [2], data: [9223372036854775807n, -1n] }),
  toTensor({ name: 'u', datatype: 'UINT64', shape: [1, 1], data: [18446744073709551615n] }),
  toTensor({ name: 'f', datatype: 'FP32', shape: [2], data: [0.1, Number.NaN], parameters: { a: 1 } }),
  toTensor({ name: 't', datatype: 'BYTES', shape: [2], data: ['é', ''] }),
]
const RESPONSE = { modelName: 'm', modelVersion: '1', id: 'r', parameters: { p: [1] }, outputs: OUTPUTS }

describe('parseInferResponse', () => {
  for (const isBinary of [false, true]) {
    it(`reads what a server writes, ${isBinary ? 'binary data' : 'JSON'}`, () => {
      const { pieces, jsonLength } = serializeInferResponse(RESPONSE, {
        modelName: 'm',
        parameters: { binary_data_output: isBinary },
        inputs: [],
      })
      const { outputs, ...rest } = parseInferResponse(Buffer.concat(pieces), { jsonLength })
      assert.deepEqual(rest, { modelName: 'm', modelVersion: '1', id: 'r', parameters: { p: [1] } })
      assert.deepEqual(
        outputs.map(({ name, shape, parameters, data }) => [name, shape, parameters, [...dataBytes(data)]]),
        OUTPUTS.map(({ name, shape, parameters, data }) => [name, shape, parameters, [...dataBytes(data)]]),
      )
    })
  }

  it('reads members that are null as absent, and skips what it does not know', () => {
    assert.deepEqual(
      parse('{"outputs":[],"model_name":"m","model_version":null,"id":null,"parameters":null,"x":[{}]}'),
      { modelName: 'm', modelVersion: undefined, id: undefined, parameters: undefined, outputs: [] },
    )
    assert.equal(parse('{"outputs":[],"model_name":null}').modelName, '')
    const [output] = parse(
      '{"outputs":[{"data":[null,1],"datatype":"FP64","shape":[2],"name":"y","parameters":null}]}',
    ).outputs
    assert.deepEqual(output?.data, Float64Array.of(Number.NaN, 1))
  })

  const wrong: readonly (readonly [string, RegExp])[] = [
    ['', /^the response body is not valid JSON: expected a value at its end/],
    ['<html>', /^the response body is not valid JSON/],
    ['[]', /^the response body: Input should be a valid dictionary/],
    ['{}', /^outputs: Field required/],
    ['{"outputs":{}}', /^outputs: Input should be a valid list/],
    ['{"outputs":[{}]}', /^outputs\[0\]\.name: Field required/],
    ['{"outputs":[],"id":5}', /^id: Input should be a valid string/],
    [
      '{"outputs":[{"name":"y","datatype":"INT8","shape":[1],"data":[null]}]}',
      /^tensor 'y', element 0: null/,
    ],
    ['{"outputs":[{"name":"y","datatype":"INT64","shape":[1],"data":[9223372036854775808]}]}', /element 0/],
    ['{"outputs":[{"name":"y","datatype":"FP32","shape":[9e15],"data":[1]}]}', /shape|elements/],
    ['{"outputs":[{"name":"y","datatype":"FP32","shape":[-1],"data":[1]}]}', /-1/],
    [
      '{"outputs":[{"name":"y","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}}]}',
      /^output 'y' has parameters.binary_data_size, but/,
    ],
    [`{"outputs":${'['.repeat(MAX_DEPTH)}`, /nested deeper/],
  ]
  for (const [text, message] of wrong) {
    it(`refuses ${text.slice(0, 80)}`, () => assert.match(attempt(Buffer.from(text))?.message ?? '', message))
  }

  it('refuses text that is not UTF-8', () => {
    assert.match(attempt(Uint8Array.of(0x7b, 0xff))?.message ?? '', /^the response body .*UTF-8/)
  })

  it('refuses lengths and sizes that do not meet', () => {
    const json =
      '{"outputs":[{"name":"y","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}}]}'
    const body = (extra: number) => Buffer.concat([Buffer.from(json), Buffer.alloc(extra)])
    assert.equal(attempt(body(4), json.length), undefined)
    assert.match(attempt(body(3), json.length)?.message ?? '', /output 'y'.*1 bytes short/)
    assert.match(attempt(body(5), json.length)?.message ?? '', /of the outputs account for/)
    assert.match(attempt(body(4), json.length + 5)?.message ?? '', /Inference-Header-Content-Length is/)
    assert.match(attempt(body(4), Number.NaN)?.message ?? '', /Inference-Header-Content-Length is NaN/)
  })

  it('survives bodies that are cut or changed anywhere', () => {
    const { pieces } = serializeInferResponse(RESPONSE, { modelName: 'm', inputs: [] })
    const body = Buffer.concat(pieces)
    for (let length = 0; length < body.length; length++) {
      assert.ok(attempt(body.subarray(0, length)) !== undefined, `accepted ${length} bytes`)
    }
    fc.assert(
      fc.property(fc.nat({ max: body.length - 1 }), fc.nat({ max: 255 }), (index, byte) => {
        const mutant = Buffer.from(body)
        mutant[index] = byte
        attempt(mutant)
      }),
    )
  })
})
