import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Deadlines, type Expiring } from './deadlines.ts'

function entry(expiresAtMs: number, onDeadline: () => void = () => {}): Expiring {
  return { expiresAtMs, queueIndex: -1, onDeadline }
}

test('calls go off in the order of their deadlines, and those that ended do not', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat({ max: 20 }), fc.boolean()), { minLength: 1, maxLength: 40 }),
      async plan => {
        const queue = new Deadlines()
        const nowMs = performance.now()
        const fired: number[] = []
        const done = Promise.withResolvers<void>()
        const entries = plan.map(([delayMs]) => {
          const own = entry(nowMs + delayMs, () => fired.push(own.expiresAtMs))
          return own
        })
        for (const each of entries) queue.add(each)
        plan.forEach(([, isEnded], index) => {
          if (isEnded) queue.delete(entries[index]!)
        })
        const left = entries.filter((_, index) => !plan[index]![1]).map(({ expiresAtMs }) => expiresAtMs)
        assert.equal(queue.size, left.length)
        queue.add(entry(nowMs + 25, done.resolve))
        // The queue's own timer lets the process end.
        const alive = setInterval(() => {}, 1000)
        await done.promise.finally(() => clearInterval(alive))
        assert.deepEqual(
          fired,
          left.toSorted((a, b) => a - b),
        )
        assert.equal(queue.size, 0)
      },
    ),
    { numRuns: 20 },
  )
})

test('each entry knows its place, whatever leaves', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 50 }), { maxLength: 60 }),
      fc.array(fc.nat()),
      (deadlines, leaving) => {
        const queue = new Deadlines()
        const inside = deadlines.map(offset => entry(1e12 + offset))
        for (const each of inside) queue.add(each)
        for (const number of leaving) {
          const [gone] = inside.length === 0 ? [] : inside.splice(number % inside.length, 1)
          if (gone === undefined) break
          queue.delete(gone)
          queue.delete(gone)
          assert.equal(gone.queueIndex, -1)
          assert.equal(queue.size, inside.length)
          const places = new Map(inside.map(each => [each.queueIndex, each.expiresAtMs]))
          assert.equal(places.size, inside.length)
          for (const [place, expiresAtMs] of places) {
            assert.ok(place < inside.length)
            if (place > 0) assert.ok(places.get((place - 1) >> 1)! <= expiresAtMs)
          }
        }
        for (const each of inside) queue.delete(each)
        assert.equal(queue.size, 0)
      },
    ),
  )
})
