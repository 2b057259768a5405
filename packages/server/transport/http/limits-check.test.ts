import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkLimits } from './limits-check.ts'
import { LIMITS } from './listener-fixture.ts'

test('takes positive integers', () => {
  checkLimits(LIMITS)
  checkLimits({ ...LIMITS, maxBodyBytes: 1, requestTimeoutMs: 2 ** 31 - 1 })
})

test('names a limit that limits nothing, and what is allowed', () => {
  for (const [name, value] of [
    ['maxBodyBytes', Number.POSITIVE_INFINITY],
    ['maxInFlightBytes', Number.NaN],
    ['maxConcurrentRequests', 0],
    ['maxConnections', -1],
    ['requestTimeoutMs', 2 ** 31],
    ['headersTimeoutMs', 0.5],
  ] as const) {
    assert.throws(() => checkLimits({ ...LIMITS, [name]: value }), {
      name: 'RangeError',
      message: new RegExp(`^${name} is ${value}; allowed: `),
    })
  }
})
