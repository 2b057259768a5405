import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERROR_CODES } from './error-codes.ts'
import { isErrorCode, ServingError } from './serving-error.ts'

test('carries code, message and what a door needs to answer', () => {
  const cause = new Error('disk full')
  const violations = [{ type: 'missing', loc: ['inputs', 0, 'shape'], msg: 'Field required' }]
  const error = new ServingError('UNAVAILABLE', 'try later', {
    cause,
    violations,
    retryAfterMs: 1500,
    httpStatus: 507,
  })
  assert.ok(error instanceof Error)
  assert.equal(error.name, 'ServingError')
  assert.equal(error.message, 'try later')
  assert.equal(error.code, 'UNAVAILABLE')
  assert.equal(error.cause, cause)
  assert.equal(error.violations, violations)
  assert.equal(error.retryAfterMs, 1500)
  assert.equal(error.httpStatus, 507)
})

test('has nothing it was not given', () => {
  const error = new ServingError('NOT_FOUND', 'no such model')
  assert.equal('cause' in error, false)
  assert.equal(error.violations, undefined)
  assert.equal(error.retryAfterMs, undefined)
  assert.equal(error.httpStatus, undefined)
})

test('takes only the HTTP statuses of errors', () => {
  for (const httpStatus of [400, 599]) {
    assert.equal(new ServingError('INTERNAL', 'broken', { httpStatus }).httpStatus, httpStatus)
  }
  for (const httpStatus of [200, 399, 600, 404.5, Number.NaN]) {
    assert.throws(() => new ServingError('NOT_FOUND', 'no such row', { httpStatus }), {
      code: 'INTERNAL',
      message: `httpStatus ${httpStatus} is not an integer from 400 to 599`,
      cause: 'it was to carry NOT_FOUND: no such row',
    })
  }
})

test('knows the errors of another copy of this package', async () => {
  // A query makes the loader evaluate the file again, as a second install would.
  const copy = (await import(new URL('./serving-error.ts?copy', import.meta.url).href)) as {
    ServingError: typeof ServingError
  }
  const foreign = new copy.ServingError('NOT_FOUND', 'elsewhere')
  assert.equal(foreign instanceof ServingError, false)
  assert.equal(ServingError.is(foreign), true)
  assert.equal(ServingError.from(foreign, 'unused'), foreign)
})

test('takes nothing else for one of its own', () => {
  for (const other of [new Error('plain'), { code: 'INTERNAL', message: 'no' }, 'text', null, undefined, 5]) {
    assert.equal(ServingError.is(other), false)
  }
})

test('hides the text of unknown throws and keeps them as cause', () => {
  for (const thrown of [new Error('password is 123'), 'password is 123', undefined, null]) {
    const error = ServingError.from(thrown, 'Model sum failed')
    assert.equal(error.code, 'INTERNAL')
    assert.equal(error.message, 'Model sum failed')
    if (thrown instanceof Error) assert.equal(error.cause, thrown)
  }
})

test('knows its codes', () => {
  for (const code of ERROR_CODES) assert.equal(isErrorCode(code), true)
  for (const other of ['OK', 'internal', '', 5, undefined]) assert.equal(isErrorCode(other), false)
  assert.equal(new Set(ERROR_CODES).size, ERROR_CODES.length)
})
