import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatTimeout, MethodHeaders, toMetadataFields } from './call-headers.ts'

test('a timeout is never shortened, and always fits', () => {
  const written = [0.2, 1, 1500.5, 99_999_999, 100_000_000, 1e15, Number.POSITIVE_INFINITY].map(formatTimeout)
  assert.deepEqual(written, ['1m', '1m', '1501m', '99999999m', '100000S', '99999999H', '99999999H'])
})

test('headers are those of the method, of the client and of the call, the later before the earlier', () => {
  const headers = new MethodHeaders('/s/M', 'http', 'a:1', { a: '1', b: '1' })
  const plain = headers.of(1000, undefined)
  assert.equal(headers.of(1000, undefined), plain)
  assert.deepEqual(plain, {
    ':method': 'POST',
    ':path': '/s/M',
    ':scheme': 'http',
    ':authority': 'a:1',
    'content-type': 'application/grpc',
    te: 'trailers',
    'user-agent': 'grpc-millrace',
    'grpc-accept-encoding': 'identity,deflate,gzip',
    'grpc-timeout': '1000m',
    a: '1',
    b: '1',
  })
  assert.deepEqual(headers.of(2000, { b: '2' }), { ...plain, 'grpc-timeout': '2000m', b: '2' })
  assert.equal(headers.of(3000, undefined)['grpc-timeout'], '3000m')
})

test('what gRPC carries is sent under its lower-case name', () => {
  assert.deepEqual(toMetadataFields(undefined), {})
  const fields = toMetadataFields({ 'X-Request-ID': 'a b', 'trace-bin': 'AAEC/w==', empty: '' })
  assert.deepEqual(fields, { 'x-request-id': 'a b', 'trace-bin': 'AAEC/w==', empty: '' })
})

for (const [name, value] of [
  ['a b', '1'],
  [':path', '/other'],
  ['', '1'],
  ['a', 'ü'],
  ['a', 'line\nline'],
  ['a-bin', 'no base64!'],
  ['te', 'gzip'],
  ['Content-Type', 'text/html'],
  ['connection', 'close'],
  ['grpc-timeout', '1n'],
  ['a', 1 as unknown as string],
] as const) {
  test(`header ${JSON.stringify({ [name]: value })} is refused`, () => {
    assert.throws(() => toMetadataFields({ [name]: value }), {
      code: 'INVALID_ARGUMENT',
      message: new RegExp(`^header '${name}' cannot travel over gRPC: names are`),
    })
  })
}
