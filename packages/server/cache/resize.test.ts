import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCacheBed } from './cache-bed.ts'

test('what has grown makes those go that were not used for longest, and room for others when it shrinks', async () => {
  const { cache, loaded, evicted } = createCacheBed({ a: {}, b: {}, c: {}, d: {} })
  for (const id of ['a', 'b', 'c']) await cache.ensureLoaded(id)
  cache.touch('a')
  cache.resize('c', 15)
  assert.deepEqual(loaded(), ['a', 'c'])
  assert.equal(cache.modelOf('c').bytes, 15)
  cache.resize('c', 5)
  await cache.ensureLoaded('d')
  assert.deepEqual(loaded(), ['a', 'c', 'd'])
  assert.equal(cache.figures.usedBytes, 25)
  assert.deepEqual(
    evicted.map(({ id, reason }) => `${id} ${reason}`),
    ['b pressure'],
  )
})

test('what has grown beyond the budget goes alone, and may come back', async () => {
  const { cache, loaded } = createCacheBed({ a: {}, b: {} })
  for (const id of ['a', 'b']) await cache.ensureLoaded(id)
  cache.resize('b', 31)
  assert.deepEqual(loaded(), ['a'])
  await cache.ensureLoaded('b')
  assert.deepEqual(loaded(), ['a', 'b'])
})

test('what is pinned stays however it grows, and what is not loaded has no size', async () => {
  const { cache, loaded } = createCacheBed({ a: { isPinned: true }, b: {} })
  for (const id of ['a', 'b']) await cache.ensureLoaded(id)
  cache.resize('a', 40)
  assert.deepEqual(loaded(), ['a'])
  cache.resize('b', 10)
  cache.resize('never', 10)
  assert.equal(cache.figures.usedBytes - cache.figures.unloadingBytes, 40)
  assert.equal(cache.modelOf('b').state, 'UNLOADING')
})

test('refusals name what the cache keeps', async () => {
  const words = { model: 'Servable', budget: 'the budget (--x)', maxWaiting: '--y', churnAge: '--z' }
  const { cache } = createCacheBed({ a: { bytes: 50 } }, { words })
  await assert.rejects(cache.ensureLoaded('a'), {
    message: 'Servable a will probably take 50 bytes, and the budget (--x) has 30',
  })
  await assert.rejects(cache.ensureLoaded('b'), { code: 'NOT_FOUND', message: 'Servable b not found' })
})
