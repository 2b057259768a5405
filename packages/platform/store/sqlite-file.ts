import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ServingError } from '@millrace/sdk'

/** How long a write waits for another process that is writing; this process does nothing else meanwhile. */
const BUSY_TIMEOUT_MS = 5_000

/**
 * Opens the database file and its folder, making what is not there.
 *
 * `synchronous = FULL`: with a write-ahead log, NORMAL would already survive `kill -9`, since what a commit has written
 * belongs to the operating system; but a machine that loses power could forget commits that were acknowledged. FULL
 * waits for the disk at each commit, and a control plane commits seldom. NORMAL is for what nobody was promised.
 *
 * @throws ServingError FAILED_PRECONDITION when the file cannot be opened or is no database
 */
export function openSqliteFile(
  file: string,
  { synchronous = 'full' }: { readonly synchronous?: 'full' | 'normal' } = {},
): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    mkdirSync(dirname(file), { recursive: true })
    database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true })
    database.exec(`pragma journal_mode = wal; pragma synchronous = ${synchronous}; pragma foreign_keys = on`)
    return database
  } catch (cause) {
    database?.close()
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ServingError(
      'FAILED_PRECONDITION',
      `the database file ${file} cannot be opened: ${reason}; it must be an SQLite database, or not exist yet`,
      { cause },
    )
  }
}
