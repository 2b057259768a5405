import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { ServingError } from '../../errors/index.ts'
import { parseGenerateRequest } from './generate-request-reader.ts'

const parse = (body: unknown) =>
  parseGenerateRequest(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)))

test('reads members, id and parameters', () => {
  assert.deepEqual(parse({ id: 'a', text_input: 'x', n: 5, parameters: { top: [1] } }), {
    id: 'a',
    members: new Map<string, unknown>([
      ['text_input', 'x'],
      ['n', 5],
    ]),
    parameters: { top: [1] },
  })
  assert.deepEqual(parse({ id: null, text_input: ['x'], parameters: null }), {
    id: undefined,
    members: new Map([['text_input', ['x']]]),
    parameters: undefined,
  })
})

test('keeps integers exact and members of any name', () => {
  const request = parse('{"text_input": "x", "n": 9007199254740993, "__proto__": 1}')
  assert.equal(request?.members.get('n'), 9007199254740993n)
  assert.equal(request?.members.get('__proto__'), 1)
})

suite('is no such body', () => {
  for (const body of [
    '',
    '[]',
    '["text_input"]',
    '{}',
    { text: 'x' },
    { inputs: [{ name: 'text_input' }] },
    { text_input: 'x', inputs: [] },
    { parameters: { text_input: 'x' } },
  ]) {
    test(JSON.stringify(body), () => assert.equal(parse(body), null))
  }

  test('text that is no UTF-8', () => {
    const body = Buffer.concat([Buffer.from('{"text_input":"'), Buffer.of(0xff), Buffer.from('"}')])
    assert.equal(parseGenerateRequest(body), null)
  })
})

suite('is refused', () => {
  const rows: [body: string, message: RegExp][] = [
    ['{"text_input": "x"', /not valid JSON/],
    ['{"text_input": "x"} 1', /something follows the value/],
    ['{"text_input": "x", "id": 5}', /^id: Input should be a valid string$/],
    ['{"text_input": "x", "parameters": 5}', /^parameters: Input should be a valid dictionary/],
    [`{"text_input": ${'['.repeat(200)}`, /nested deeper than 100 levels/],
  ]
  for (const [body, message] of rows) {
    test(body.slice(0, 40), () => {
      assert.throws(
        () => parse(body),
        error => ServingError.is(error) && error.violations !== undefined && message.test(error.message),
      )
    })
  }
})

test('any body is read, passed on or refused, and a generate request comes back whole', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (members, text) => {
      const { id: _, parameters: __, inputs: ___, ...rest } = members
      const body = { ...rest, text_input: text.toWellFormed() }
      const request = parse(body)
      assert.equal(request?.members.get('text_input'), body.text_input)
      assert.deepEqual(new Set(request?.members.keys()), new Set(Object.keys(body)))
    }),
  )
})
