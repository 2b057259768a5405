import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rename, rm, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type NewCheck, openStore, type Store } from './index.ts'
import { newVersion } from './test/suite-bed.ts'

const KEPT = { perVersion: 1_000 }

function checks(versionId: number, count: number): NewCheck[] {
  return Array.from({ length: count }, (_, index) => ({
    versionId,
    batchSize: 100,
    requestId: `r${index}`,
    recordedAt: new Date('2026-01-02T03:04:05.678Z'),
    document: '{}',
    counts: { fields: new Map([['x', { checked: 2, passed: 1 }]]), metrics: new Map() },
  }))
}

async function opened(t: TestContext): Promise<{ store: Store; id: number; file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-checks-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'millrace.db')
  const store = await openStore({ file })
  t.after(() => store.close())
  const { id } = await store.modelVersions.create(newVersion())
  return { store, id, file }
}

test('what was asked before the store is closed is written; what comes later is refused', async t => {
  const { store, id, file } = await opened(t)
  const pending = [store.checks.append(checks(id, 300), KEPT), store.checks.append(checks(id, 7), KEPT)]
  await store.close()
  assert.deepEqual(await Promise.all(pending), [{ storedCount: 300 }, { storedCount: 7 }])
  await assert.rejects(store.checks.append(checks(id, 1), KEPT), { code: 'UNAVAILABLE' })
  const again = await openStore({ file })
  assert.equal(await again.checks.count(id), 307)
  await again.close()
})

test('the thread waits for a transaction of others', async t => {
  const { store, id } = await opened(t)
  const begun = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const held = store.transaction(async tables => {
    await tables.modelVersions.create(newVersion('other'))
    begun.resolve()
    await gate.promise
  })
  await begun.promise
  const pending = store.checks.append(checks(id, 2), KEPT)
  gate.resolve()
  await held
  assert.deepEqual(await pending, { storedCount: 2 })
})

test('within a transaction checks belong to it', async t => {
  const { store, id } = await opened(t)
  await assert.rejects(
    store.transaction(async tables => {
      assert.deepEqual(await tables.checks.append(checks(id, 5), KEPT), { storedCount: 5 })
      await assert.rejects(store.checks.append(checks(id, 1), KEPT), { code: 'INTERNAL' })
      throw new Error('undone')
    }),
    /undone/,
  )
  assert.equal(await store.checks.count(id), 0)
})

test('a thread that cannot begin fails what it was asked, and the next checks get another one', async t => {
  const { store, id, file } = await opened(t)
  const files = ['', '-wal', '-shm'].map(end => file + end)
  for (const name of files) await rename(name, `${name}.away`)
  await mkdir(file)
  await assert.rejects(store.checks.append(checks(id, 1), KEPT), { code: 'INTERNAL' })
  await rmdir(file)
  for (const name of files) await rename(`${name}.away`, name)
  assert.deepEqual(await store.checks.append(checks(id, 3), KEPT), { storedCount: 3 })
  assert.equal(await store.checks.count(id), 3)
})
