import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkModelName } from './model-name.ts'

test('names that survive a URL are allowed', () => {
  for (const name of [
    'sum',
    'team/fraud',
    'my model',
    'größe',
    '猫',
    'a.b',
    '...',
    'x__isvc-3f2a',
    'x'.repeat(256),
  ]) {
    checkModelName(name, 'x')
  }
})

test('others are refused with the reason', () => {
  for (const [name, reason] of [
    ['', 'it must not be empty'],
    ['x'.repeat(257), 'it has 257 characters, allowed are 256'],
    ['a\nb', 'it must not have control characters'],
    ['a\u0000', 'it must not have control characters'],
    ['a\u0085', 'it must not have control characters'],
    ['\ud800', 'it must not have unpaired surrogates'],
    ['.', 'a URL cannot hold this name'],
    ['..', 'a URL cannot hold this name'],
  ] as const) {
    assert.throws(
      () => checkModelName(name, 'file: name'),
      (error: Error) => error.message.startsWith('file: name is "') && error.message.endsWith(`; ${reason}`),
    )
  }
})
