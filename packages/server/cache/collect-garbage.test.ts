import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGarbageCollection } from './collect-garbage.ts'

const MIB = 1024 * 1024

/** A heap that holds what it is told to. */
function bed(budgetMiB: number) {
  const heap = { heldMiB: 200, collections: 0 }
  const garbage = createGarbageCollection(() => budgetMiB * MIB, {
    heldBytes: () => heap.heldMiB * MIB,
    collect: () => void heap.collections++,
  })
  return { heap, unload: (mebibytes: number) => garbage.afterUnload(mebibytes * MIB) }
}

test('collects when a step has been unloaded, and is still held', async () => {
  const { heap, unload } = bed(200)
  await unload(20)
  heap.heldMiB = 220
  await unload(20)
  assert.equal(heap.collections, 0)
  heap.heldMiB = 232
  await unload(1)
  assert.equal(heap.collections, 1)
  // What has been found is given back after a while.
  heap.heldMiB = 205
  await unload(10)
  heap.heldMiB = 237
  await unload(10)
  assert.equal(heap.collections, 1)
  await unload(12)
  assert.equal(heap.collections, 2)
})

test('models whose memory is gone with them cause no collection, whatever they take', async () => {
  const { heap, unload } = bed(200)
  for (let count = 0; count < 100; count++) await unload(50)
  assert.equal(heap.collections, 0)
})

test('the step grows with the budget, and models that go together share a collection', async () => {
  const { heap, unload } = bed(1600)
  await unload(150)
  heap.heldMiB = 399
  await unload(60)
  assert.equal(heap.collections, 0)
  heap.heldMiB = 400
  await Promise.all([unload(1), unload(1), unload(1)])
  assert.equal(heap.collections, 1)
})

test('the memory of what nobody refers to is given back', async () => {
  const garbage = createGarbageCollection(() => MIB)
  await garbage.afterUnload(0)
  let buffer: ArrayBuffer | null = new ArrayBuffer(64 * MIB)
  const gone = new WeakRef(buffer)
  buffer = null
  await garbage.afterUnload(64 * MIB)
  assert.equal(gone.deref(), undefined)
})
