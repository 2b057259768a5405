import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERROR_CODES, ServingError } from '@millrace/sdk'
import { decodeError, encodeError } from './crossing-error.ts'

const cross = (error: unknown) => decodeError(structuredClone(encodeError(error)))

test('a serving error crosses with all it says', () => {
  for (const code of ERROR_CODES) {
    const violations = [{ type: 'missing', loc: ['inputs', 0], msg: 'is missing', input: 7 }]
    const error = new ServingError(code, 'text', {
      violations,
      retryAfterMs: 5,
      httpStatus: 418,
      cause: new TypeError('why', { cause: 'because' }),
    })
    const crossed = cross(error)
    assert.ok(ServingError.is(crossed))
    const { message, retryAfterMs, httpStatus, stack } = crossed
    assert.deepEqual(
      { code: crossed.code, message, retryAfterMs, httpStatus },
      { code, message: 'text', retryAfterMs: 5, httpStatus: 418 },
    )
    assert.deepEqual(crossed.violations, violations)
    assert.equal(stack, error.stack)
    assert.equal((crossed.cause as Error).name, 'TypeError')
    assert.equal((crossed.cause as Error).cause, 'because')
  }
})

test('other errors keep name, message and stack', () => {
  const error = new RangeError('too far')
  const crossed = cross(error)
  assert.ok(crossed instanceof Error && !ServingError.is(crossed))
  assert.deepEqual([crossed.name, crossed.message, crossed.stack], ['RangeError', 'too far', error.stack])
})

test('what is no error crosses as its value or text', () => {
  for (const thrown of ['text', 7, 7n, true, null, undefined]) assert.equal(cross(thrown), thrown)
  assert.equal(cross({ reason: 'odd' }), '{"reason":"odd"}')
  assert.equal(typeof cross(Symbol('odd')), 'string')
})

test('a chain of causes without an end does', () => {
  const error = new Error('snake')
  error.cause = error
  let depth = 0
  for (let at: unknown = cross(error); at instanceof Error; at = at.cause) depth++
  assert.ok(depth < 10)
})
