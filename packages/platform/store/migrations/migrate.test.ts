import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { Kysely } from 'kysely'
import { openStore } from '../index.ts'
import { sqliteDialect } from '../sqlite-dialect.ts'
import { MIGRATIONS } from './all-migrations.ts'
import { migrate } from './migrate.ts'
import type { AnyTables, Migration } from './migration.ts'

function temporaryFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-migrate-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'millrace.db')
}

async function migrateFile(file: string, migrations: readonly Migration[]): Promise<void> {
  const database = new Kysely<AnyTables>({ dialect: sqliteDialect(new DatabaseSync(file)) })
  try {
    await migrate(database, 'sqlite', migrations)
  } finally {
    await database.destroy()
  }
}

function query(file: string, sql: string): unknown[] {
  const database = new DatabaseSync(file)
  try {
    return database
      .prepare(sql)
      .all()
      .map(row => ({ ...row }))
  } finally {
    database.close()
  }
}

test('an older schema is brought up to date, and keeps what is in it', async t => {
  const file = temporaryFile(t)
  await migrateFile(file, MIGRATIONS.slice(0, 1))
  query(
    file,
    "insert into models (name, next_version, created_at) values ('old', 2, '2026-01-01T00:00:00.000Z')",
  )
  query(
    file,
    `insert into model_versions (model_id, version, status, is_external, signature, metadata, monitoring_configuration, created_at)
     values (1, 1, 'Released', 1, '{"signatureName":"f","inputs":[],"outputs":[]}', '{"a":"b"}', '{}', '2026-01-01T00:00:00.000Z')`,
  )
  const store = await openStore({ file })
  const version = await store.modelVersions.find('old', 1)
  assert.deepEqual([version?.metadata, version?.signature.signatureName], [{ a: 'b' }, 'f'])
  const { signature } = version!
  assert.equal((await store.modelVersions.createExternal({ modelName: 'old', signature })).version, 2)
  await store.applications.create({
    name: 'app',
    signature,
    graph: { stages: [{ modelVariants: [{ modelVersionId: version!.id, weight: 100 }], signature }] },
  })
  assert.equal(await store.changes.lastSequence(), 2)
  await store.close()
  const applied = query(file, 'select version, name from schema_migrations order by version')
  assert.deepEqual(
    applied,
    MIGRATIONS.map(({ name }, index) => ({ version: index + 1, name })),
  )
  const again = await openStore({ file })
  assert.equal((await again.modelVersions.list()).length, 2)
  await again.close()
})

test('a database of a newer program is refused and not touched', async t => {
  const file = temporaryFile(t)
  const newer: Migration = { name: 'from-the-future', up: () => Promise.resolve() }
  await migrateFile(file, [...MIGRATIONS, newer])
  const before = query(file, 'select * from schema_migrations')
  await assert.rejects(openStore({ file }), {
    code: 'FAILED_PRECONDITION',
    message: new RegExp(
      `version ${MIGRATIONS.length + 1} \\(from-the-future\\), and this program knows versions up to`,
    ),
  })
  assert.deepEqual(query(file, 'select * from schema_migrations'), before)
})

test('the same table of another program is refused', async t => {
  const file = temporaryFile(t)
  await migrateFile(file, [{ name: 'something-else', up: () => Promise.resolve() }])
  await assert.rejects(openStore({ file }), {
    code: 'FAILED_PRECONDITION',
    message: /not a database of Millrace/,
  })
})

test('a step that fails leaves the database as it was', async t => {
  const file = temporaryFile(t)
  await migrateFile(file, MIGRATIONS.slice(0, 1))
  const tables = () => query(file, 'select name, sql from sqlite_master order by name')
  const before = tables()
  const broken: Migration = {
    name: 'broken',
    async up(database) {
      await database.schema.createTable('half').addColumn('a', 'text').execute()
      await database.schema.createTable('half').addColumn('a', 'text').execute()
    },
  }
  await assert.rejects(migrateFile(file, [MIGRATIONS[0]!, MIGRATIONS[1]!, broken]), /half/)
  assert.deepEqual(tables(), before)
  assert.equal(query(file, 'select * from schema_migrations').length, 1)
})
