import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { encodeGrpcMessage } from './grpc-message.ts'

test('a message of printable ASCII goes out as it is, but for the percent sign and blanks at its ends', () => {
  assert.equal(encodeGrpcMessage('Model x: not found!'), 'Model x: not found!')
  assert.equal(encodeGrpcMessage('100% of  1'), '100%25 of  1')
  assert.equal(encodeGrpcMessage(' a '), '%20a%20')
  assert.equal(encodeGrpcMessage('a\nü'), 'a%0A%C3%BC')
})

test('any message is a valid field value that decodes to itself', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), message => {
      const encoded = encodeGrpcMessage(message)
      assert.match(encoded, /^(?:[!-~](?:[ -~]*[!-~])?)?$/)
      assert.equal(decodeURIComponent(encoded), message)
    }),
  )
})

test('a long message is cut between characters', () => {
  const encoded = encodeGrpcMessage('é€😀'.repeat(1000))
  assert.ok(encoded.length <= 4096)
  assert.ok('é€😀'.repeat(1000).startsWith(decodeURIComponent(encoded)))
  assert.equal(encodeGrpcMessage('a'.repeat(5000)), 'a'.repeat(4096))
})

test('half of a surrogate pair becomes the replacement character', () => {
  assert.equal(encodeGrpcMessage('a\ud800'), 'a%EF%BF%BD')
})
