import assert from 'node:assert/strict'
import { test } from 'node:test'
import { completeLimits } from './gateway-limits.ts'

test('limits that cannot be are refused by name', () => {
  assert.equal(completeLimits({ maxJsonBytes: 5 }).maxJsonBytes, 5)
  assert.equal(completeLimits({ maxBackgroundCalls: 0 }).maxBackgroundCalls, 0)
  for (const value of [0, -1, 1.5, Number.NaN, Infinity]) {
    assert.throws(() => completeLimits({ servableTimeoutMs: value }), {
      code: 'INVALID_ARGUMENT',
      message: `servableTimeoutMs is ${value}; it must be a whole number of at least 1`,
    })
  }
})
