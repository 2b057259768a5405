import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { PartitionProgress } from './partition-progress.ts'

test('a position rises when the first open record is finished, past all that are finished behind it', () => {
  const progress = new PartitionProgress()
  for (const offset of [5n, 6n, 9n]) assert.equal(progress.begin(0, offset), true)
  progress.finish(0, 6n)
  assert.deepEqual(progress.takeNew(), [])
  progress.finish(0, 5n)
  assert.deepEqual(progress.takeNew(), [{ partition: 0, offset: 9n }])
  assert.deepEqual(progress.takeNew(), [])
  progress.finish(0, 9n)
  assert.deepEqual(progress.takeNew(), [{ partition: 0, offset: 10n }])
})

test('a record that comes once more is not begun again, and its position is told again', () => {
  const progress = new PartitionProgress()
  progress.begin(0, 1n)
  progress.finish(0, 1n)
  assert.deepEqual(progress.takeNew(), [{ partition: 0, offset: 2n }])
  assert.equal(progress.begin(0, 1n), false)
  assert.deepEqual(progress.takeNew(), [{ partition: 0, offset: 2n }])
})

test('whatever the order of the answers, no position passes an open record, and none falls', () => {
  const step = fc.record({ partition: fc.nat(2), skip: fc.nat(3), pick: fc.nat(), isBegin: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), steps => {
      const progress = new PartitionProgress()
      const open = new Map<number, bigint[]>()
      const next = new Map<number, bigint>()
      const told = new Map<number, bigint>()
      for (const { partition, skip, pick, isBegin } of steps) {
        const offsets = open.get(partition) ?? []
        open.set(partition, offsets)
        if (isBegin) {
          const offset = (next.get(partition) ?? 0n) + BigInt(skip)
          assert.equal(progress.begin(partition, offset), true)
          next.set(partition, offset + 1n)
          offsets.push(offset)
        } else if (offsets.length > 0) {
          const [offset] = offsets.splice(pick % offsets.length, 1)
          progress.finish(partition, offset!)
        }
        for (const position of progress.takeNew()) {
          assert.ok(position.offset > (told.get(position.partition) ?? -1n))
          told.set(position.partition, position.offset)
        }
      }
      for (const { partition, offset } of progress.positions()) {
        assert.equal(offset, open.get(partition)![0] ?? next.get(partition))
      }
    }),
  )
})
