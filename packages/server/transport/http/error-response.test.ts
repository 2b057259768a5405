import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import { createErrorResponder } from './error-response.ts'
import { HttpRefusal } from './listener-errors.ts'

test('adds the headers of a refusal', () => {
  const respond = createErrorResponder(() => ({ status: 405, headers: { 'content-type': 'a/b' } }))
  assert.deepEqual(respond(new HttpRefusal('UNIMPLEMENTED', 'no', 405, { allow: 'GET' })), {
    status: 405,
    headers: { allow: 'GET', 'content-type': 'a/b' },
  })
})

test('adds Retry-After in whole seconds, rounded up', () => {
  const respond = createErrorResponder(() => ({ status: 503 }))
  const { headers } = respond(new ServingError('UNAVAILABLE', 'later', { retryAfterMs: 1001 }))
  assert.deepEqual(headers, { 'retry-after': '2' })
})

test('what the protocol said stands', () => {
  const respond = createErrorResponder(() => ({ status: 503, headers: { 'Retry-After': '7' } }))
  const { headers } = respond(new ServingError('UNAVAILABLE', 'later', { retryAfterMs: 1000 }))
  assert.deepEqual(headers, { 'Retry-After': '7' })
})

test('survives a mapping that throws', () => {
  const respond = createErrorResponder(() => {
    throw new Error('defect')
  })
  assert.deepEqual(respond(new Error('x')), { status: 500 })
})
