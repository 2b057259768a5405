import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ByModel } from './by-model.ts'

function create(maxUnloaded: number) {
  const dropped: string[] = []
  const kept = new ByModel<{ readonly name: string }>({
    create: (model, version) => ({ name: `${model}:${version}` }),
    maxUnloaded,
    onDropped: ({ name }) => dropped.push(name),
  })
  const names = (most: number) => Array.from(kept.latest(most), ({ value }) => value.name)
  return { kept, dropped, names }
}

test('what is loaded stays, and of the rest what was unloaded last', () => {
  const { kept, dropped, names } = create(2)
  const a = kept.of('a', '1')
  for (const model of ['b', 'c', 'd']) kept.of(model)
  assert.equal(kept.of('a', '1'), a)
  for (const model of ['b', 'c', 'd', 'unknown']) kept.unload(model)
  assert.deepEqual(dropped, ['b:'])
  assert.deepEqual(names(2), ['a:1', 'c:', 'd:'])
  assert.deepEqual(names(1), ['a:1', 'd:'])
  const c = kept.of('c')
  kept.unload('a', '1')
  kept.unload('c')
  assert.deepEqual(dropped, ['b:', 'd:'])
  assert.equal(kept.of('c'), c, 'it goes on as what it was')
})

test('never more than what is loaded and the bound, whatever comes and goes', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(9)), { maxLength: 200 })
  fc.assert(
    fc.property(steps, fc.nat(4), (moves, most) => {
      const { kept, dropped } = create(most)
      const loaded = new Set<number>()
      let created = 0
      const seen = new Set<object>()
      for (const [isLoad, model] of moves) {
        if (isLoad) {
          loaded.add(model)
          const value = kept.of(String(model))
          if (!seen.has(value)) created++
          seen.add(value)
        } else {
          loaded.delete(model)
          kept.unload(String(model))
        }
        assert.ok(kept.size <= loaded.size + most)
        assert.equal(kept.size + dropped.length, created)
      }
    }),
  )
})
