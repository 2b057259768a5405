import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ServingError } from '../../errors/index.ts'
import { parseInferRequest } from './infer-request-reader.ts'
import { MAX_DEPTH } from './json-reader.ts'

/** Parses, and fails on anything thrown that is not the client's fault. */
function attempt(body: Uint8Array, jsonLength?: number): ServingError | undefined {
  try {
    parseInferRequest(body, { modelName: 'm', jsonLength })
    return undefined
  } catch (error) {
    if (!ServingError.is(error)) throw error
    assert.equal(error.code, 'INVALID_ARGUMENT')
    assert.ok(error.message.length > 0 && error.message.length < 5000)
    return error
  }
}

function nest(levels: number): string {
  return '['.repeat(levels) + ']'.repeat(levels)
}

function nestedParameters(levels: number): Buffer {
  return Buffer.from(`{"inputs":[],"parameters":{"a":${nest(levels)}}}`)
}

function nestedData(levels: number): Buffer {
  return Buffer.from(`{"inputs":[{"name":"x","shape":[0],"datatype":"FP32","data":${nest(levels)}}]}`)
}

const VALID = Buffer.from(
  '{"id":"é\\n1","parameters":{"a":[1,-2.5e-3,{"b":null}],"c":"d"},"inputs":[' +
    '{"name":"f","shape":[2,2],"datatype":"FP32","data":[[1.5,null],[-0,1234567.891011121314]]},' +
    '{"data":[9007199254740993,-1],"name":"i","shape":["2"],"datatype":"INT64","parameters":{}},' +
    '{"name":"b","shape":[2],"datatype":"BOOL","data":[true,0]},' +
    '{"name":"t","shape":[2],"datatype":"BYTES","data":["ü\\u00e9",""]}],"outputs":[{"name":"y","parameters":{"binary_data":false}}],"x":[[{}]]}',
)

describe('parseInferRequest, hostile bodies', () => {
  it('refuses a valid body that ends at any byte', () => {
    assert.equal(attempt(VALID), undefined)
    for (let length = 0; length < VALID.length; length++) {
      assert.ok(attempt(VALID.subarray(0, length)) !== undefined, `accepted ${length} bytes`)
    }
  })

  it('survives any byte changed to any other', () => {
    const mutant = Buffer.from(VALID)
    for (let index = 0; index < VALID.length; index++) {
      for (const byte of [
        0x00, 0x20, 0x22, 0x2c, 0x2d, 0x2e, 0x30, 0x39, 0x5b, 0x5c, 0x5d, 0x65, 0x6e, 0x7b, 0x7d, 0xff,
      ]) {
        mutant[index] = byte
        attempt(mutant)
      }
      mutant[index] = VALID[index]!
    }
  })

  it('survives bodies cut up and put together at random', () => {
    const piece = fc.oneof(
      {
        weight: 3,
        arbitrary: fc
          .tuple(fc.nat(VALID.length), fc.nat(40))
          .map(([start, size]) => VALID.subarray(start, start + size)),
      },
      {
        weight: 1,
        arbitrary: fc
          .constantFrom('{', '}', '[', ']', '"', ',', ':', '"data":', '"shape":[', '1e5', '-', 'null', '\\u')
          .map(text => Buffer.from(text)),
      },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 6 }) },
    )
    const body = fc.tuple(fc.nat(VALID.length), fc.array(piece, { maxLength: 4 }), fc.nat(VALID.length))
    fc.assert(
      fc.property(body, fc.option(fc.nat(400)), ([headEnd, pieces, tailStart], jsonLength) => {
        const bytes = Buffer.concat([VALID.subarray(0, headEnd), ...pieces, VALID.subarray(tailStart)])
        attempt(bytes)
        if (jsonLength !== null && jsonLength > 0) attempt(bytes, jsonLength)
      }),
      { numRuns: 5000 },
    )
  })

  it('agrees with JSON.parse on what JSON is', () => {
    const text = fc.oneof(
      fc.json({ maxDepth: 5 }),
      fc
        .json({ maxDepth: 3 })
        .chain(json =>
          fc.tuple(
            fc.constant(json),
            fc.nat(json.length),
            fc.constantFrom(...'{}[]",:\\0-.e \n1tfn'.split('')),
          ),
        )
        .map(([json, at, character]) => json.slice(0, at) + character + json.slice(at + 1)),
    )
    fc.assert(
      fc.property(text, json => {
        const body = Buffer.from(`{"inputs":[],"parameters":{"p":${json.toWellFormed()}}}`)
        let expected: { parameters: unknown } | undefined
        try {
          expected = JSON.parse(body.toString(), (_, value: unknown) =>
            typeof value === 'string' ? value.toWellFormed() : value,
          ) as { parameters: unknown }
        } catch {}
        if (expected === undefined) assert.ok(attempt(body) !== undefined, body.toString())
        else if (isPlain(expected)) {
          assert.deepEqual(parseInferRequest(body, { modelName: 'm' }).parameters, expected.parameters)
        }
      }),
      { numRuns: 5000 },
    )
  })

  it('refuses ten million opening brackets at once', () => {
    for (const byte of ['[', '{', '{"a":', '[{"a":']) {
      const bomb = byte.repeat(10_000_000 / byte.length)
      assert.ok(attempt(Buffer.from(bomb)) !== undefined)
      assert.ok(attempt(Buffer.from(`{"parameters":{"a":${bomb}`)) !== undefined)
      assert.ok(attempt(Buffer.from(`{"unknown":${bomb}`)) !== undefined)
      assert.ok(
        attempt(Buffer.from(`{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":${bomb}`)) !==
          undefined,
      )
      assert.ok(attempt(Buffer.from(`{"inputs":[{"data":${bomb}`)) !== undefined)
    }
  })

  it('counts the levels of nesting from the root', () => {
    assert.equal(attempt(nestedParameters(MAX_DEPTH - 2)), undefined)
    assert.match(attempt(nestedParameters(MAX_DEPTH - 1))!.message, /nested deeper than 100 levels/)
    assert.equal(attempt(nestedData(MAX_DEPTH - 3)), undefined)
    assert.match(attempt(nestedData(MAX_DEPTH - 2))!.message, /nested deeper than 100 levels/)
  })

  it('takes no memory for elements that a shape only claims', () => {
    const before = process.memoryUsage().arrayBuffers
    for (const datatype of ['FP64', 'INT64', 'BOOL', 'BYTES']) {
      const data = datatype === 'BYTES' ? '["a"]' : '[1]'
      for (let count = 0; count < 20; count++) {
        const error = attempt(
          Buffer.from(
            `{"inputs":[{"name":"x","shape":[1000000000],"datatype":"${datatype}","data":${data}}]}`,
          ),
        )
        assert.match(error!.message, /has 1 element; shape \[1000000000\] needs exactly 1000000000/)
      }
    }
    assert.ok(process.memoryUsage().arrayBuffers - before < 50_000_000)
  })

  it('reads endless digits without losing time over them', () => {
    const digits = '7'.repeat(2_000_000)
    for (const text of [digits, `0.${digits}`, `1e${digits}`, `-${digits}`]) {
      for (const datatype of ['FP32', 'FP64', 'INT64', 'UINT8']) {
        const error = attempt(
          Buffer.from(`{"inputs":[{"name":"x","shape":[1],"datatype":"${datatype}","data":[${text}]}]}`),
        )
        if (!text.startsWith('0.') || !datatype.startsWith('FP')) assert.ok(error !== undefined)
      }
      attempt(Buffer.from(`{"inputs":[],"parameters":{"a":${text}}}`))
    }
  })
})

/** True where both ways must give the same: no numbers beyond the doubles and no integers beyond 2^53. */
function isPlain(value: unknown): boolean {
  if (typeof value === 'number')
    return Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value))
  if (typeof value !== 'object' || value === null) return true
  return Object.values(value).every(isPlain)
}
