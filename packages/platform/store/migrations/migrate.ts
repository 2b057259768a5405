import { ServingError } from '@millrace/sdk'
import { type Kysely, sql } from 'kysely'
import { MIGRATIONS } from './all-migrations.ts'
import type { AnyTables, DatabaseKind, Migration } from './migration.ts'

const TABLE = 'schema_migrations'

/** Any number will do, as long as all programs take the same: who holds it changes the schema, and others wait. */
const POSTGRES_LOCK = 7_174_552_873

/**
 * Brings the schema up to this program, all steps in one transaction: a step that fails leaves the database as it was.
 * Each step is recorded, and none is ever undone.
 *
 * @throws ServingError FAILED_PRECONDITION for a database that a newer program has changed, or that is not Millrace's
 */
export async function migrate(
  database: Kysely<AnyTables>,
  kind: DatabaseKind,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  await database.transaction().execute(async transaction => {
    if (kind === 'postgres')
      await sql`select pg_advisory_xact_lock(${POSTGRES_LOCK}::bigint)`.execute(transaction)
    await transaction.schema
      .createTable(TABLE)
      .ifNotExists()
      .addColumn('version', 'integer', column => column.primaryKey().notNull())
      .addColumn('name', 'text', column => column.notNull())
      .addColumn('applied_at', 'text', column => column.notNull())
      .execute()
    const applied = (await transaction
      .selectFrom(TABLE)
      .select(['version', 'name'])
      .orderBy('version')
      .execute()) as { version: number; name: string }[]
    checkApplied(applied, migrations)
    for (const [index, migration] of migrations.entries()) {
      if (index < applied.length) continue
      await migration.up(transaction, kind)
      await transaction
        .insertInto(TABLE)
        .values({ version: index + 1, name: migration.name, applied_at: new Date().toISOString() })
        .execute()
    }
  })
}

function checkApplied(
  applied: readonly { readonly version: number; readonly name: string }[],
  migrations: readonly Migration[],
): void {
  const newest = applied.at(-1)
  if (newest !== undefined && newest.version > migrations.length) {
    throw new ServingError(
      'FAILED_PRECONDITION',
      `the database's schema has version ${newest.version} (${newest.name}), and this program knows versions up to ` +
        `${migrations.length}: it was changed by a newer Millrace, which has to be used from now on`,
    )
  }
  for (const [index, { version, name }] of applied.entries()) {
    const known = migrations[index]?.name
    if (version === index + 1 && name === known) continue
    throw new ServingError(
      'FAILED_PRECONDITION',
      `the database's schema version ${version} is called '${name}', and this program's version ${index + 1} ` +
        `'${known}': it is not a database of Millrace`,
    )
  }
}
