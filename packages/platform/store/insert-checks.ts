import type { Insertable, Transaction } from 'kysely'
import type { DatabaseKind } from './migrations/migration.ts'
import { insertRows } from './sqlite-dialect.ts'
import type { Tables } from './tables.ts'

type CheckRow = Insertable<Tables['checks']>

/** Of the rows that were inserted; those of other versions may lie between them. */
interface InsertedIds {
  readonly first: number
  readonly last: number
}

/** Inserts rows, of which there is one or more. */
export type InsertChecks = (database: Transaction<Tables>, rows: readonly CheckRow[]) => Promise<InsertedIds>

/** With the least work for each: to PostgreSQL every statement is a message, while SQLite works in this very process. */
export const INSERT_CHECKS: Readonly<Record<DatabaseKind, InsertChecks>> = {
  postgres: async (database, rows) => {
    const inserted = await database.insertInto('checks').values(rows).returning('id').execute()
    const ids = inserted.map(({ id }) => id)
    return { first: Math.min(...ids), last: Math.max(...ids) }
  },
  // One statement for all rows is another one for each number of rows: built, planned and kept anew, at thrice the price.
  sqlite: async (database, rows) => {
    const values = rows.map(({ version_id, aggregate_id, request_id, recorded_at, document }) => [
      version_id,
      aggregate_id,
      request_id,
      recorded_at,
      document,
    ])
    const { rows: inserted } = await database.executeQuery(insertRows(INSERT_ONE, values))
    return { first: inserted[0]!.id, last: inserted.at(-1)!.id }
  },
}

const INSERT_ONE =
  'insert into checks (version_id, aggregate_id, request_id, recorded_at, document) values (?, ?, ?, ?, ?)'
