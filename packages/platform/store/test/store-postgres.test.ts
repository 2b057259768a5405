import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type Change, openStore } from '../index.ts'
import { crashRounds } from './crash-suite-fixture.ts'
import { openPostgresBed } from './postgres-bed.ts'
import { storeSuite } from './store-suite-fixture.ts'

const bed = await openPostgresBed()

if (typeof bed === 'string') {
  test('PostgreSQL', { skip: bed }, () => undefined)
} else {
  const blobFolder = await mkdtemp(join(tmpdir(), 'millrace-store-'))
  after(async () => {
    await bed.stop()
    await rm(blobFolder, { recursive: true })
  })

  storeSuite({
    name: 'PostgreSQL',
    async createPlace() {
      const url = await bed.createDatabase()
      return { open: () => openStore({ url, blobFolder }) }
    },
  })

  test('PostgreSQL: one process sees what another commits, also after its connection was cut', async () => {
    const url = await bed.createDatabase()
    const [writer, watcher] = await Promise.all([
      openStore({ url, blobFolder }),
      openStore({ url, blobFolder }),
    ])
    try {
      const changes = watcher.changes.follow(0)[Symbol.asyncIterator]()
      const first = changes.next()
      await writer.hostSelectors.create({ name: 'a', nodeSelector: {} })
      assert.equal(((await first).value as Change).key, 'a')
      const second = changes.next()
      await bed.cutConnections(url)
      await writer.hostSelectors.create({ name: 'b', nodeSelector: {} })
      assert.equal(((await second).value as Change).key, 'b')
    } finally {
      await writer.close()
      await watcher.close()
    }
  })

  test('PostgreSQL: two processes never give one number twice', async () => {
    const url = await bed.createDatabase()
    const stores = await Promise.all([openStore({ url, blobFolder }), openStore({ url, blobFolder })])
    const signature = { signatureName: 'f', inputs: [], outputs: [] }
    const made = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        stores[index % 2]!.modelVersions.createExternal({ modelName: 'm', signature }),
      ),
    )
    assert.equal(new Set(made.map(({ version }) => version)).size, 40)
    assert.equal(await stores[0].changes.lastSequence(), 41)
    await Promise.all(stores.map(store => store.close()))
  })

  test('PostgreSQL: what was acknowledged survives kill -9, and nothing is half made', async () => {
    await crashRounds({ url: await bed.createDatabase(), blobFolder }, 2, 2)
  })

  test('PostgreSQL: a database that is not there is named without its password', async () => {
    const url = 'postgres://ann:secret@127.0.0.1:1/nothing'
    await assert.rejects(openStore({ url, blobFolder }), error => {
      const { message, code } = error as { message: string; code: string }
      assert.match(
        message,
        /^the database postgres:\/\/127\.0\.0\.1:1\/nothing cannot be reached: .*ECONNREFUSED/,
      )
      assert.equal(code, 'UNAVAILABLE')
      return true
    })
    await assert.rejects(openStore({ url: 'mysql://x/y', blobFolder }), { code: 'INVALID_ARGUMENT' })
  })
}
