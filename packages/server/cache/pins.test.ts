import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCacheBed } from './cache-bed.ts'

test('a pin stays with a model that is unloaded, and goes with one that there is no more', async () => {
  const bed = createCacheBed({ a: {} })
  await bed.cache.ensureLoaded('a')
  bed.cache.setPinned('a', true)
  await bed.cache.remove('a')
  assert.equal(bed.cache.modelOf('a').isPinned, true)
  bed.models.delete('a')
  await bed.cache.remove('a')
  assert.equal(bed.cache.modelOf('a').isPinned, false)
})
