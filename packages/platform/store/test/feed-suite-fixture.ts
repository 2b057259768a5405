import assert from 'node:assert/strict'
import type { Store } from '../index.ts'
import { graphOf, newVersion, refusal, SIGNATURE, type Suite } from './suite-bed.ts'

/** Transactions, the change feed, and lists. */
export function feedSuite(suite: Suite): void {
  suite('a transaction is all or nothing', async store => {
    const before = await store.changes.lastSequence()
    await assert.rejects(
      store.transaction(async tables => {
        await tables.modelVersions.create(newVersion())
        await tables.hostSelectors.create({ name: 'a', nodeSelector: {} })
        throw new RangeError('no')
      }),
      RangeError,
    )
    assert.deepEqual(await store.models.list(), [])
    assert.deepEqual(await store.hostSelectors.list(), [])
    assert.equal(await store.changes.lastSequence(), before)
    // What the store refuses may be caught inside, and the rest goes on.
    await store.transaction(async tables => {
      await tables.hostSelectors.create({ name: 'a', nodeSelector: {} })
      await assert.rejects(
        tables.hostSelectors.create({ name: 'a', nodeSelector: {} }),
        refusal('ALREADY_EXISTS'),
      )
      await tables.hostSelectors.create({ name: 'b', nodeSelector: {} })
    })
    assert.deepEqual(
      (await store.hostSelectors.list()).map(({ name }) => name),
      ['a', 'b'],
    )
    // What the database refuses ends it, even if nobody listens.
    await assert.rejects(
      store.transaction(async tables => {
        await tables.hostSelectors.create({ name: 'c', nodeSelector: {} })
        await tables.buildLogs.append(999, ['x']).catch(() => undefined)
      }),
      refusal('FAILED_PRECONDITION'),
    )
    assert.equal(await store.hostSelectors.find('c'), undefined)
  })

  suite('a transaction uses what it was given, and while it runs', async store => {
    let kept: Store['models'] | undefined
    await store.transaction(async tables => {
      await assert.rejects(store.models.list(), refusal('INTERNAL', /inside a transaction/))
      await assert.rejects(
        store.transaction(() => Promise.resolve()),
        refusal('INTERNAL', /inside a transaction/),
      )
      kept = tables.models
    })
    await assert.rejects(kept!.list(), refusal('INTERNAL', /the transaction is over/))
    assert.deepEqual(await store.models.list(), [])
  })

  suite('changes come in the order of commits, and from anywhere', async store => {
    const start = await store.changes.lastSequence()
    const { id } = await store.modelVersions.create(newVersion())
    const stop = new AbortController()
    const seen: string[] = []
    const sequences: number[] = []
    const twenty = 20
    const following = (async () => {
      for await (const { sequence, entity, action, key } of store.changes.follow(start, stop.signal)) {
        sequences.push(sequence)
        seen.push(`${entity} ${action} ${key}`)
        if (seen.length === 3 + twenty) stop.abort()
      }
    })()
    await store.modelVersions.release(id, undefined)
    await Promise.all(
      Array.from({ length: twenty }, (_, index) =>
        store.hostSelectors.create({ name: `h${index}`, nodeSelector: {} }),
      ),
    )
    await following
    assert.deepEqual(seen.slice(0, 3), [
      'Model CREATED scaler',
      `ModelVersion CREATED ${id}`,
      `ModelVersion UPDATED ${id}`,
    ])
    assert.equal(new Set(seen.slice(3)).size, twenty)
    assert.deepEqual(
      sequences,
      Array.from({ length: 3 + twenty }, (_, index) => start + 1 + index),
    )
    const [resumed] = await first(store.changes.follow(start + 2), 1)
    assert.equal(resumed?.action, 'UPDATED')
    await assert.rejects(
      first(store.changes.follow(start + 1000), 1),
      refusal('FAILED_PRECONDITION', /read the lists again/),
    )
  })

  suite('following ends with its signal and with the store', async store => {
    const stop = new AbortController()
    const one = first(store.changes.follow(await store.changes.lastSequence(), stop.signal), 1)
    stop.abort()
    assert.deepEqual(await one, [])
    const another = first(store.changes.follow(await store.changes.lastSequence()), 1)
    const { id } = await store.modelVersions.create(newVersion())
    assert.equal((await another).length, 1)
    await store.buildLogs.append(id, ['x'])
    const log = first(store.buildLogs.follow(id), 2)
    const last = first(store.changes.follow(await store.changes.lastSequence()), 1)
    await store.buildLogs.read(id)
    await store.close()
    assert.equal((await log).length <= 1, true)
    assert.deepEqual(await last, [])
    await store.close()
  })

  suite('lists are read in pages, and large ones with indexes', async store => {
    await store.transaction(async tables => {
      for (let index = 0; index < 1000; index++) {
        await tables.modelVersions.create(newVersion(`model-${index % 50}`))
      }
      const versions = await tables.modelVersions.list()
      for (let index = 0; index < 200; index++) {
        await tables.applications.create({
          name: `app-${index}`,
          signature: SIGNATURE,
          graph: graphOf(versions[index]!.id, versions[index + 1]!.id),
        })
      }
    })
    const all = await store.modelVersions.list()
    assert.equal(all.length, 1000)
    const pages: number[] = []
    for (let afterId = 0; ; afterId = pages.at(-1)!) {
      const page = await store.modelVersions.list({ limit: 300, afterId })
      pages.push(...page.map(({ id }) => id))
      if (page.length < 300) break
    }
    assert.deepEqual(
      pages,
      all.map(({ id }) => id),
    )
    assert.equal((await store.modelVersions.list({ modelName: 'model-7' })).length, 20)
    assert.equal((await store.modelVersions.list({ status: 'Released' })).length, 0)
    assert.equal((await store.modelVersions.list({ ids: [all[3]!.id, all[1]!.id, 9_999_999] })).length, 2)
    assert.equal((await store.applications.namesByVersion()).size, 201)
    assert.equal((await store.applications.list({ usesVersionId: all[1]!.id })).length, 2)
    for (const page of [{ limit: 0 }, { limit: 10_001 }, { limit: 1.5 }, { afterId: -1 }]) {
      assert.throws(() => store.modelVersions.list(page), refusal('INVALID_ARGUMENT'))
    }
  })
}

/** The first so many; fewer if there are no more. */
async function first<T>(items: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = []
  for await (const item of items) {
    taken.push(item)
    if (taken.length === count) break
  }
  return taken
}
