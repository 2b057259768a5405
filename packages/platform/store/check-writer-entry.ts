/** The thread behind `CheckWriter`: one transaction for each message, and none after a message that is `null`. */
import { parentPort, workerData } from 'node:worker_threads'
import { Kysely } from 'kysely'
import type { AppendAnswer, AppendMessage } from './check-writer.ts'
import { databaseError } from './database-error.ts'
import { INSERT_CHECKS } from './insert-checks.ts'
import { sqliteDialect } from './sqlite-dialect.ts'
import { openSqliteFile } from './sqlite-file.ts'
import type { Tables } from './tables.ts'
import { writeChecks } from './write-checks.ts'

const database = new Kysely<Tables>({
  dialect: sqliteDialect(openSqliteFile(workerData as string, { synchronous: 'normal' })),
})

const append = ({ checks, retention }: AppendMessage): Promise<AppendAnswer> =>
  database
    .transaction()
    .execute(transaction => writeChecks(transaction, INSERT_CHECKS.sqlite, checks, retention))
    .catch((thrown: unknown) => {
      const { code, message } = databaseError(thrown)
      return { code, message }
    })

let last: Promise<void> = Promise.resolve()
parentPort!.on('message', (message: AppendMessage | null) => {
  last = last.then(async () => {
    if (message === null) {
      await database.destroy()
      parentPort!.close()
      return
    }
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    parentPort!.postMessage(await append(message))
  })
})
