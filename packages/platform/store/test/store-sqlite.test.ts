import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { openStore } from '../index.ts'
import { storeSuite } from './store-suite-fixture.ts'
import { newVersion } from './suite-bed.ts'

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-store-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

storeSuite({
  name: 'SQLite',
  async createPlace(t) {
    const folder = await temporaryFolder(t)
    return { open: () => openStore({ file: join(folder, 'data', 'millrace.db') }) }
  },
})

test('SQLite: a build log that never ends is cut', async t => {
  const store = await openStore({ file: join(await temporaryFolder(t), 'millrace.db') })
  const { id } = await store.modelVersions.create(newVersion())
  const many = Array.from({ length: 50_001 }, () => 'x')
  await store.transaction(async tables => {
    for (let times = 0; times < 3; times++) await tables.buildLogs.append(id, many)
    await tables.buildLogs.complete(id)
  })
  const lines = [
    { index: 99_998, line: 'x' },
    { index: 99_999, line: '… (cut after 100000 lines)' },
  ]
  assert.deepEqual(await store.buildLogs.read(id, 99_998), { lines, isComplete: true })
  await store.close()
})

test('SQLite: a file that is no database is left alone', async t => {
  const file = join(await temporaryFolder(t), 'notes.txt')
  await writeFile(file, 'not a database, but long enough to be looked at as one '.repeat(20))
  await assert.rejects(openStore({ file }), {
    code: 'FAILED_PRECONDITION',
    message: /notes\.txt cannot be opened: /,
  })
})

test('SQLite: commits wait for the disk, and names of rows that are gone are refused', async t => {
  const file = join(await temporaryFolder(t), 'millrace.db')
  const store = await openStore({ file })
  await store.modelVersions.create(newVersion())
  const other = new DatabaseSync(file)
  assert.deepEqual({ ...other.prepare('pragma journal_mode').get() }, { journal_mode: 'wal' })
  other.close()
  await assert.rejects(store.buildLogs.complete(77), { code: 'FAILED_PRECONDITION' })
  await store.close()
})
