import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { preferredCompression } from './accept-encoding.ts'

const cases: readonly (readonly [string | undefined, 'gzip' | 'deflate' | undefined])[] = [
  [undefined, undefined],
  ['', undefined],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['GZIP', 'gzip'],
  ['gzip, deflate', 'gzip'],
  ['deflate, gzip', 'gzip'],
  ['gzip;q=0.5, deflate', 'deflate'],
  ['gzip ; q=0.5 , deflate;q=0.4', 'gzip'],
  ['gzip;q=0', undefined],
  ['gzip;q=0.000, deflate;q=0', undefined],
  ['gzip;q=0, deflate', 'deflate'],
  ['*', 'gzip'],
  ['*;q=0', undefined],
  ['gzip;q=0, *', 'deflate'],
  ['br, zstd', undefined],
  ['br;q=1, gzip;q=0.1', 'gzip'],
  ['identity', undefined],
  ['identity, gzip;q=0.9', undefined],
  ['identity;q=0.5, gzip;q=0.9', 'gzip'],
  ['identity, gzip', 'gzip'],
  ['identity;q=0, gzip;q=0.1', 'gzip'],
  ['gzip;q=2', undefined],
  ['gzip;q=x', undefined],
  ['gzip;q=-1', undefined],
  [',,gzip,', 'gzip'],
]

for (const [header, expected] of cases) {
  test(`'${header}' prefers ${expected ?? 'no compression'}`, () => {
    assert.equal(preferredCompression(header), expected)
  })
}

test('any text is read without an error', () => {
  fc.assert(
    fc.property(fc.string(), header => {
      assert.ok([undefined, 'gzip', 'deflate'].includes(preferredCompression(header)))
    }),
  )
})
