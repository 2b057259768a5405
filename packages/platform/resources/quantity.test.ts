import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readQuantity } from './quantity.ts'

test('quantities of Kubernetes', () => {
  const values: readonly (readonly [unknown, number | undefined])[] = [
    ['1Gi', 2 ** 30],
    ['1G', 1e9],
    ['500m', 0.5],
    ['.5', 0.5],
    ['2.', 2],
    ['1e3', 1000],
    ['1E3', 1000],
    ['1E', 1e18],
    ['+4G', 4e9],
    ['12', 12],
    [3, 3],
    ['', undefined],
    ['1 Gi', undefined],
    ['-1', undefined],
    ['1gi', undefined],
    ['Gi', undefined],
    ['1e999', undefined],
    [`${'9'.repeat(64)}0`, undefined],
    [Number.NaN, undefined],
    [null, undefined],
  ]
  for (const [text, quantity] of values) assert.equal(readQuantity(text), quantity, String(text))
})
