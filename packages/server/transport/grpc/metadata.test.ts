import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Trailers, toMetadata } from './metadata.ts'

test('metadata is what the caller set, without what steers the transport', () => {
  const metadata = toMetadata({
    ':path': '/a/b',
    ':authority': 'localhost',
    te: 'trailers',
    'content-type': 'application/grpc',
    'grpc-timeout': '1S',
    'grpc-encoding': 'gzip',
    'grpc-accept-encoding': 'gzip',
    'user-agent': 'test',
    'x-key': 'a, b',
    'trace-bin': 'AAE=',
    'set-cookie': ['a', 'b'],
  })
  assert.equal(metadata['constructor'], undefined)
  assert.deepEqual(
    { ...metadata },
    {
      'user-agent': 'test',
      'x-key': 'a, b',
      'trace-bin': 'AAE=',
      'set-cookie': 'a, b',
    },
  )
})

test('trailers take the last value of a name in any case', () => {
  const trailers = new Trailers()
  trailers.set('X-Id', '1')
  trailers.set('x-id', '2')
  trailers.set('empty', '')
  assert.deepEqual(Object.fromEntries(trailers.entries()), { 'x-id': '2', empty: '' })
})

for (const name of [
  'grpc-status',
  'Grpc-Message',
  'content-type',
  'Connection',
  'te',
  ':status',
  '',
  'a b',
  'ü',
  'a\n',
]) {
  test(`'${name}' cannot be set as trailing metadata`, () => {
    assert.throws(() => new Trailers().set(name, 'x'), { code: 'INTERNAL', message: /trailing metadata/ })
  })
}

for (const value of ['a\r\nb: c', 'ü', ' a', 'a ', '\t', '\u007f']) {
  test(`${JSON.stringify(value)} cannot be the value of trailing metadata`, () => {
    assert.throws(() => new Trailers().set('x', value), { code: 'INTERNAL', message: /printable ASCII/ })
  })
}

test('trailers are bounded, and replacing a value does not count it twice', () => {
  const trailers = new Trailers()
  for (let round = 0; round < 5; round++) trailers.set('x', 'a'.repeat(4000))
  assert.throws(() => trailers.set('y', 'a'.repeat(100)), { code: 'INTERNAL', message: /4096/ })
})

test('fields that were checked before give way to those that are set', () => {
  const trailers = new Trailers()
  trailers.added = [['a', 'old']]
  trailers.added = [
    ['a', 'added'],
    ['b', 'added'],
  ]
  trailers.set('a', 'set')
  assert.deepEqual(Object.fromEntries(trailers.entries()), { a: 'set', b: 'added' })
})
