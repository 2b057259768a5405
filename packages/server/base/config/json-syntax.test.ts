import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as check, constantFrom, jsonValue, nat, property, string, tuple } from 'fast-check'
import { findJsonSyntaxError } from './json-syntax.ts'

test('names the place and what belongs there', () => {
  const cases: [text: string, line: number, column: number, message: string][] = [
    ['', 1, 1, 'expected a value, found the end of the text'],
    ['{"a":x}', 1, 6, 'expected a value, found "x}"'],
    ['{"a":1', 1, 7, "expected ',' or '}', found the end of the text"],
    ['{"a":1,}', 1, 8, 'expected a name in double quotes, found "}"'],
    ['{"a":1 "b":2}', 1, 8, 'expected \',\' or \'}\', found "\\"b\\":2}"'],
    ['{\n  "a" 1\n}', 2, 7, 'expected \':\', found "1"'],
    ['{\r\n  a: 1\r\n}', 2, 3, 'expected a name in double quotes or \'}\', found "a:"'],
    ['[1 2]', 1, 4, "expected ',' or ']', found \"2]\""],
    ['[1,]', 1, 4, 'expected a value, found "]"'],
    ['[1}', 1, 3, "expected ',' or ']', found \"}\""],
    ['{} {}', 1, 4, 'expected the end of the text, found "{}"'],
    ['[01]', 1, 2, 'expected a value or \']\', found "01]"'],
    ['"a\nb"', 1, 3, 'line breaks and control characters in a text must be escaped, as \\n'],
    ['"C:\\users"', 1, 4, 'this escape is not known; a backslash is written \\\\'],
    ['["abc]', 1, 2, 'the text in double quotes does not end'],
    ['// comment\n{}', 1, 1, 'expected a value, found "//"'],
  ]
  for (const [text, line, column, message] of cases) {
    assert.deepEqual(findJsonSyntaxError(text), { line, column, message }, JSON.stringify(text))
  }
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

test('agrees with JSON.parse about every text', () => {
  const damaged = tuple(
    jsonValue(),
    nat(),
    constantFrom('', '"', ',', '{', ']', ':', '\\', '0', '-', 'e', '\n'),
  ).map(([value, position, piece]) => {
    const text = JSON.stringify(value, null, position % 3)
    const at = position % (text.length + 1)
    return text.slice(0, at) + piece + text.slice(at + (position % 2))
  })
  check(
    property(damaged, text => (findJsonSyntaxError(text) === undefined) === isJson(text)),
    { numRuns: 2000 },
  )
  check(
    property(string(), text => (findJsonSyntaxError(text) === undefined) === isJson(text)),
    { numRuns: 500 },
  )
})

test('goes through a text that is nested deeper than calls can be', () => {
  const depth = 200_000
  assert.equal(findJsonSyntaxError('['.repeat(depth) + ']'.repeat(depth)), undefined)
  assert.equal(findJsonSyntaxError('['.repeat(depth))?.column, depth + 1)
})
