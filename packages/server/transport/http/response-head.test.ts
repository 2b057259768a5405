import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasContentEncoding, responseHead } from './response-head.ts'

const PLAIN = { lengthBytes: 3, contentEncoding: undefined, variesByEncoding: false }

test('adds the length to what the handler said', () => {
  assert.deepEqual(responseHead({ 'x-a': '1' }, PLAIN, false), ['x-a', '1', 'Content-Length', '3'])
})

test('framing is not the handler’s', () => {
  const headers = { 'Content-Length': '99', 'transfer-encoding': 'chunked', Connection: 'keep-alive' }
  assert.deepEqual(responseHead(headers, PLAIN, true), ['Content-Length', '3', 'Connection', 'close'])
})

test('Vary is added to what the handler said', () => {
  const framing = { lengthBytes: undefined, contentEncoding: 'gzip', variesByEncoding: true }
  assert.deepEqual(responseHead({ vary: 'Origin' }, framing, false), [
    'Vary',
    'Origin, Accept-Encoding',
    'Content-Encoding',
    'gzip',
  ])
  assert.deepEqual(responseHead(undefined, framing, false).slice(0, 2), ['Vary', 'Accept-Encoding'])
})

test('knows a body that is encoded already', () => {
  assert.equal(hasContentEncoding({ 'Content-Encoding': 'br' }), true)
  assert.equal(hasContentEncoding({ 'content-type': 'x' }), false)
  assert.equal(hasContentEncoding(undefined), false)
})
