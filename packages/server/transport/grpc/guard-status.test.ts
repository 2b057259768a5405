import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guardStatus } from './guard-status.ts'

test('a status is passed on', () => {
  const status = { code: 5, message: 'no such model' }
  assert.equal(guardStatus(() => status)('error'), status)
})

for (const [name, toStatus] of [
  ['throws', () => assert.fail('defect')],
  ['calls a failure a success', () => ({ code: 0, message: '' })],
  ['makes up a code', () => ({ code: Number.NaN, message: '' })],
] as const) {
  test(`a failure has a status even when the table ${name}`, () => {
    assert.deepEqual(guardStatus(toStatus)('error'), {
      code: 13,
      message: 'the server failed, and failed to say how',
    })
  })
}
