import assert from 'node:assert/strict'
import { test } from 'node:test'
import { affectedNames } from './affected-models.ts'

const folders = (models: Record<string, string[]>) =>
  new Map(Object.entries(models).map(([name, paths]) => [name, new Set(paths)]))

test('which models a path belongs to', () => {
  const models = folders({
    a: ['/r/a'],
    inner: ['/r/a/inner'],
    v: ['/r/v/1', '/r/v/2'],
    w: ['/r/w', '/r/shared/w.bin'],
  })
  const table: [path: string, names: string[]][] = [
    ['/r/a/model.ts', ['a']],
    ['/r/a/deep/er/file', ['a']],
    ['/r/a/inner/model.ts', ['inner']],
    ['/r/a', ['a', 'inner']],
    ['/r/v/2/x', ['v']],
    ['/r/v', ['v']],
    ['/r/shared/w.bin', ['w']],
    ['/r/shared/other', []],
    ['/r/ab/x', []],
    ['/r', []],
    ['/elsewhere/a', []],
  ]
  for (const [path, names] of table) {
    assert.deepEqual([...affectedNames('/r', [path], models, models)].toSorted(), names, path)
  }
})

test('models that have come or gone, whatever changed', () => {
  const before = folders({ stays: ['/r/s'], goes: ['/r/g'] })
  const now = folders({ stays: ['/r/s'], comes: ['/r/c'] })
  assert.deepEqual([...affectedNames('/r', [], before, now)].toSorted(), ['comes', 'goes'])
})

test('a model in the root has every path but those of others', () => {
  const models = folders({ root: ['/r'], inner: ['/r/inner'] })
  assert.deepEqual([...affectedNames('/r', ['/r/x', '/r/dir/y'], models, models)], ['root'])
  assert.deepEqual([...affectedNames('/r', ['/r/inner/x'], models, models)], ['inner'])
})
