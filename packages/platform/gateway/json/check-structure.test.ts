import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkStructure, JSON_LIMITS } from './check-structure.ts'

const check = (text: string) => checkStructure(Buffer.from(text))

test('bodies of as much as is allowed pass, and no more', () => {
  const { depth, arrays, objects } = JSON_LIMITS
  check('['.repeat(depth) + ']'.repeat(depth))
  assert.throws(() => check('['.repeat(depth + 1)), {
    message: 'the body has more than 100 levels of arrays and objects',
  })
  check('[],'.repeat(arrays))
  assert.throws(() => check('[],'.repeat(arrays + 1)), {
    code: 'INVALID_ARGUMENT',
    message: /than 4000000 arrays/,
  })
  check('{},'.repeat(objects))
  assert.throws(() => check('{},'.repeat(objects + 1)), { message: /than 20000 objects/ })
})

test('brackets inside of text do not count', () => {
  check(JSON.stringify({ text: `${'['.repeat(500)}"\\"${'{'.repeat(500)}` }))
  assert.throws(() => check(`{"a\\\\":${'['.repeat(500)}`), { message: /levels/ })
})
