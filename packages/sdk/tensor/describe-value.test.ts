import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeValue, withArticle } from './describe-value.ts'

test('names short plain values by themselves and others by their kind', () => {
  const cases: [unknown, string][] = [
    [5, '5'],
    [-0.5, '-0.5'],
    [5n, '5'],
    [true, 'true'],
    [undefined, 'undefined'],
    [null, 'null'],
    ['text', '"text"'],
    ['quo"te', '"quo\\"te"'],
    [Symbol('secret'), 'Symbol(secret)'],
    [() => 'source code', 'a function'],
    [[1, 2], 'an Array'],
    [{ constructor: 'evil' }, 'an object'],
    [Object.create(null) as object, 'an object'],
    [{ constructor: Object(() => 0) as unknown }, 'an object'],
    [new Int8Array(2), 'an Int8Array'],
    [new Uint8Array(2), 'a Uint8Array'],
    [new Date(0), 'a Date'],
  ]
  for (const [value, description] of cases) assert.equal(describeValue(value), description)
})

test('shows only the beginning of something long', () => {
  assert.equal(describeValue('x'.repeat(1000)), `"${'x'.repeat(40)}…"`)
  assert.equal(describeValue(10n ** 1000n).length, 41)
})

test('chooses the article', () => {
  assert.equal(withArticle('Uint8Array'), 'a Uint8Array')
  assert.equal(withArticle('Int8Array'), 'an Int8Array')
})
