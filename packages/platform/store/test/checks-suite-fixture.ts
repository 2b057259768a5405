import assert from 'node:assert/strict'
import type { CheckRetention, NewCheck, Store } from '../index.ts'
import { newVersion, type Suite } from './suite-bed.ts'

const KEPT: CheckRetention = { perVersion: 1_000_000 }

function check(versionId: number, requestId: string, more: Partial<NewCheck> = {}): NewCheck {
  return {
    versionId,
    batchSize: 3,
    requestId,
    recordedAt: new Date('2026-01-02T03:04:05.678Z'),
    document: JSON.stringify({ request: requestId }),
    counts: {
      fields: new Map([['x', { checked: 2, passed: requestId === 'bad' ? 1 : 2 }]]),
      metrics: new Map(),
    },
    ...more,
  }
}

function many(versionId: number, count: number, more?: (index: number) => Partial<NewCheck>): NewCheck[] {
  return Array.from({ length: count }, (_, index) => check(versionId, `r${index}`, more?.(index)))
}

const day = (number: number) => new Date(Date.UTC(2026, 0, number))

/** How many requests the batches of a version have, oldest first. */
async function sizes(store: Store, versionId: number): Promise<readonly number[]> {
  const { aggregates } = await store.checks.aggregates(versionId, { limit: 100, offset: 0 })
  return aggregates.map(({ requestCount }) => requestCount).toReversed()
}

/** What monitoring found in requests. */
export function checksSuite(suite: Suite): void {
  suite('checks are summed up in batches, whatever they came in', async (store, place) => {
    const { id } = await store.modelVersions.create(newVersion())
    await store.checks.append(many(id, 2), KEPT)
    assert.deepEqual(await sizes(store, id), [2])
    await store.close()
    const again = await place.open()
    try {
      await again.checks.append([check(id, 'bad'), ...many(id, 4)], KEPT)
      assert.deepEqual(await sizes(again, id), [3, 3, 1])
      const { aggregates, count, firstAt } = await again.checks.aggregates(id, { limit: 1, offset: 2 })
      assert.deepEqual([count, firstAt], [3, new Date('2026-01-02T03:04:05.678Z')])
      const [first] = aggregates
      assert.deepEqual(first?.requestIds, ['r0', 'r1', 'bad'])
      assert.deepEqual(first.counts.fields.get('x'), { checked: 6, passed: 5 })
      const inside = await again.checks.between(id, first.firstCheckId, first.lastCheckId)
      assert.deepEqual(inside, await again.checks.inAggregate(id, first.id))
      assert.deepEqual(
        inside.map(({ document }) => document),
        ['{"request":"r0"}', '{"request":"r1"}', '{"request":"bad"}'],
      )
      assert.deepEqual(await again.checks.get(first.firstCheckId), inside[0])
      assert.equal(await again.checks.get(9_999), undefined)
      assert.deepEqual(await again.checks.inAggregate(id + 1, first.id), [])
    } finally {
      await again.close()
    }
  })

  suite('lists of checks: newest first, in parts, by chance, by request', async store => {
    const one = await store.modelVersions.create(newVersion())
    const two = await store.modelVersions.create(newVersion())
    await store.checks.append([...many(two.id, 5), ...many(one.id, 7)], KEPT)
    const page = await store.checks.list(one.id, { limit: 2, offset: 1 })
    assert.deepEqual(
      page.map(({ requestId }) => requestId),
      ['r5', 'r4'],
    )
    assert.equal(await store.checks.count(one.id), 7)
    const sample = await store.checks.sample(one.id, 4)
    assert.equal(new Set(sample.map(({ id }) => id)).size, 4)
    assert.ok(sample.every(({ versionId }) => versionId === one.id))
    assert.equal((await store.checks.sample(one.id, 100)).length, 7)
    const { aggregates } = await store.checks.aggregates(one.id, { limit: 10, offset: 0 })
    const same = await store.checks.sameRequests(one.id, aggregates[1]!.id, two.id)
    assert.deepEqual(
      same.map(({ requestId, versionId }) => [requestId, versionId]),
      [
        ['r3', two.id],
        ['r4', two.id],
      ],
    )
  })

  suite('batches are found by the times of their requests', async store => {
    const { id } = await store.modelVersions.create(newVersion())
    await store.checks.append(
      many(id, 9, index => ({ recordedAt: day(index + 1) })),
      KEPT,
    )
    const found = await store.checks.aggregates(id, { limit: 10, offset: 0, from: day(4), till: day(6) })
    assert.deepEqual(
      found.aggregates.map(({ requestIds }) => requestIds),
      [['r3', 'r4', 'r5']],
    )
    assert.deepEqual([found.count, found.firstAt, found.lastAt], [1, day(1), day(9)])
    const none = await store.checks.aggregates(id, { limit: 10, offset: 0, from: day(10) })
    assert.deepEqual([none.count, none.aggregates], [0, []])
    const other = await store.checks.aggregates(id + 1, { limit: 10, offset: 0 })
    assert.deepEqual(other, { count: 0, firstAt: undefined, lastAt: undefined, aggregates: [] })
  })

  suite('checks beyond the retention go, and their batches with them', async store => {
    const { id } = await store.modelVersions.create(newVersion())
    await store.checks.append(
      many(id, 1_200, () => ({ batchSize: 100 })),
      { perVersion: 250 },
    )
    assert.equal(await store.checks.count(id), 250)
    assert.deepEqual(await sizes(store, id), [100, 100, 100])
    const late = new Date('2026-02-01T00:00:00Z')
    await store.checks.append([check(id, 'late', { recordedAt: late })], KEPT)
    await store.checks.append(many(id, 700), KEPT)
    await store.checks.deleteBefore(new Date('2026-01-15T00:00:00Z'))
    assert.equal(await store.checks.count(id), 1)
    // What was counted in a batch stays counted.
    assert.deepEqual(await sizes(store, id), [3])
  })

  suite('checks of versions that are gone are left out, and go with their model', async store => {
    const { id, modelId } = await store.modelVersions.create(newVersion())
    assert.deepEqual(await store.checks.append([check(id, 'a\0b'), check(id + 1, 'b')], KEPT), {
      storedCount: 1,
    })
    assert.equal(await store.checks.count(id), 1)
    await store.models.delete(modelId)
    assert.equal(await store.checks.count(id), 0)
    assert.deepEqual(await store.checks.append([check(id, 'c')], KEPT), { storedCount: 0 })
  })

  suite('two who add at once fill the same batches', async store => {
    const { id } = await store.modelVersions.create(newVersion())
    await Promise.all(Array.from({ length: 10 }, () => store.checks.append(many(id, 5), KEPT)))
    const expected = [...Array.from({ length: 16 }, () => 3), 2]
    assert.deepEqual(await sizes(store, id), expected)
  })
}
