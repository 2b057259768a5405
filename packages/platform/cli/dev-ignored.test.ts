import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isIgnored } from './dev-ignored.ts'

test('tests, documents, builds and what editors leave are ignored, and nothing else', () => {
  for (const path of [
    'm/model.test.ts',
    'a.test.mjs',
    'm/README.md',
    'm/dist',
    'm/dist/a.js',
    'm/model.ts~',
    'm/4913',
  ]) {
    assert.ok(isIgnored(path), path)
  }
  for (const path of [
    '',
    'm',
    'm/model.ts',
    'm/model-settings.json',
    'm/weights.bin',
    'm/distance.ts',
    'm/test.ts',
  ]) {
    assert.ok(!isIgnored(path), path)
  }
})
