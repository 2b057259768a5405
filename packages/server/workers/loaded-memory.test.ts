import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BaseModel } from '@millrace/sdk'
import { measureGrowth, statedBytes } from './loaded-memory.ts'

const MIB = 1024 * 1024

test('a process grows by what a model takes', async () => {
  const { value, grownBytes } = await measureGrowth(async () => new Uint8Array(64 * MIB).fill(1))
  assert.equal(value.length, 64 * MIB)
  assert.ok(grownBytes! >= 64 * MIB)
})

test('loads at the same time say nothing of each other', async () => {
  const first = Promise.withResolvers<void>()
  const loading = measureGrowth(() => first.promise)
  const second = await measureGrowth(async () => undefined)
  assert.equal(second.grownBytes, undefined)
  first.resolve()
  assert.equal((await loading).grownBytes, undefined)
  await assert.rejects(
    measureGrowth(async () => {
      throw new Error('no weights')
    }),
    /no weights/,
  )
  assert.notEqual((await measureGrowth(async () => undefined)).grownBytes, undefined)
})

const said = (memoryBytes?: () => unknown) => statedBytes({ memoryBytes } as unknown as BaseModel)

test('what a model says counts if it can be', () => {
  assert.equal(said(), undefined)
  assert.equal(
    said(() => 12.5),
    13,
  )
  for (const wrong of [-1, Number.NaN, Number.POSITIVE_INFINITY, '12', null])
    assert.equal(
      said(() => wrong),
      undefined,
    )
  assert.equal(
    said(() => {
      throw new Error('unknown')
    }),
    undefined,
  )
})
