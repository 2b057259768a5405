import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pathOf, queryOf } from './request-target.ts'

const cases = [
  ['/v2', '/v2', ''],
  ['/v2?a=1?b', '/v2', 'a=1?b'],
  ['/v2?', '/v2', ''],
  ['http://host:80/v2/x?q', '/v2/x', 'q'],
  ['HTTPS://host', '/', ''],
  ['http://host?q', '/', 'q'],
  ['*', '*', ''],
] as const

for (const [target, path, query] of cases) {
  test(`'${target}' is path '${path}' and query '${query}'`, () => {
    assert.equal(pathOf(target), path)
    assert.equal(queryOf(target), query)
  })
}
