import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import { parseApiKeys } from './api-keys.ts'

const KEY = 'a-key-of-some-length'
const parse = (value: unknown) => parseApiKeys(JSON.stringify(value), 'keys.json')

/** Entries with keys of their own. */
function entries(count: number) {
  return Array.from({ length: count }, (_, index) => ({
    name: `n${index}`,
    key: `key-number-${100_000 + index}`,
  }))
}

test('finds callers by their keys, plain or as a digest', () => {
  const keys = parse({
    keys: [
      { name: 'plain', key: KEY },
      {
        name: 'digest',
        key_sha256: hash('sha256', 'another-key-of-length').toUpperCase(),
        scopes: ['admin', 'infer'],
      },
      { name: 'metrics', key: 'a-key-that-may-do-nothing', scopes: [] },
    ],
  })
  assert.deepEqual(keys.find(KEY), { name: 'key plain', scopes: new Set(['infer']) })
  assert.deepEqual(keys.find('another-key-of-length')?.scopes, new Set(['admin', 'infer']))
  assert.deepEqual(keys.find('a-key-that-may-do-nothing')?.scopes, new Set())
  for (const other of ['', KEY.slice(1), `${KEY} `, KEY.toUpperCase(), hash('sha256', KEY)]) {
    assert.equal(keys.find(other), undefined)
  }
})

test('as many keys as are allowed, and no more', () => {
  assert.equal(parse({ keys: entries(10_000) }).find('key-number-109999')?.name, 'key n9999')
  assert.throws(() => parse({ keys: entries(10_001) }), /keys has 10001 entries; allowed are 1 to 10000/)
  assert.throws(() => parse({ keys: [] }), /keys has 0 entries/)
})

test('mistakes name the entry, and never show a key', () => {
  const cases: [value: unknown, message: RegExp][] = [
    [{}, /^keys\.json: keys has 0 entries; allowed are 1 to 10000/],
    [{ keys: [{ key: KEY }] }, /keys\[0\]\.name is missing/],
    [{ keys: [{ name: 'a' }] }, /keys\[0\] needs one of key_sha256 and key/],
    [{ keys: [{ name: 'a', key: KEY, key_sha256: hash('sha256', KEY) }] }, /keys\[0\] needs one of/],
    [
      { keys: [{ name: 'a', key: 'secret' }] },
      /keys\[0\]\.key is wrong; allowed is a text of 16 to 4096 ASCII/,
    ],
    [{ keys: [{ name: 'a', key: 'secret with blanks in it' }] }, /keys\[0\]\.key is wrong/],
    [{ keys: [{ name: 'a', key: 'secret'.repeat(1000) }] }, /keys\[0\]\.key is wrong/],
    [{ keys: [{ name: 'a', key_sha256: 'secret' }] }, /keys\[0\]\.key_sha256 is wrong; allowed is a SHA-256/],
    [
      { keys: [{ name: 'a', key: KEY, scopes: ['root'] }] },
      /keys\[0\]\.scopes\[0\] is "root"; allowed is one of infer, admin/,
    ],
    [
      { keys: [{ name: 'a', key: KEY, scope: ['infer'] }] },
      /keys\[0\]\.scope is not a setting; did you mean 'scopes'/,
    ],
    [
      {
        keys: [
          { name: 'a', key: KEY },
          { name: 'a', key: `${KEY}2` },
        ],
      },
      /keys\[1\] has the name "a" of another/,
    ],
    [
      {
        keys: [
          { name: 'a', key: KEY },
          { name: 'b', key: KEY },
        ],
      },
      /keys\[1\] has the key of another/,
    ],
  ]
  for (const [value, message] of cases) {
    assert.throws(
      () => parse(value),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'INVALID_ARGUMENT')
        assert.match(error.message, message)
        assert.doesNotMatch(error.message, /secret/)
        return true
      },
    )
  }
})
