import { AsyncLocalStorage } from 'node:async_hooks'
import { ServingError } from '@millrace/sdk'
import { type Kysely, sql, type Transaction } from 'kysely'
import { appendChanges, CHANGES_TOPIC, type NewChange } from './change-log.ts'
import { databaseError, isCutOff } from './database-error.ts'
import type { DatabaseKind } from './migrations/migration.ts'
import { POSTGRES_CHANNEL } from './postgres-database.ts'
import type { Tables } from './tables.ts'
import type { WakeUps } from './wake-ups.ts'

/** Where a query module asks: the database itself, or a transaction that has begun. */
export interface Scope {
  /** Asks once, or several times about what need not be of one moment. */
  read<T>(ask: (database: Kysely<Tables>) => Promise<T>): Promise<T>
  /** Changes all of it or nothing, in the transaction that has begun or in one of its own. */
  write<T>(work: (transaction: WriteTransaction) => Promise<T>): Promise<T>
}

export interface WriteTransaction {
  readonly database: Transaction<Tables>
  /** Adds to the change feed when the transaction commits. */
  readonly record: (change: NewChange) => void
  /** Wakes who waits for this topic, after the commit. */
  readonly wake: (topic: string) => void
}

export interface RootScope extends Scope {
  /** Runs `work` with a scope that is one transaction. Anything thrown undoes all of it, and is thrown again. */
  transaction<T>(work: (scope: Scope) => Promise<T>): Promise<T>
}

/** What a transaction knows of itself while it runs. */
interface Running {
  isOver: boolean
  /** The first error of the database: PostgreSQL refuses everything after it, and so do we with SQLite. */
  failure: ServingError | undefined
}

export function createRootScope(
  database: Kysely<Tables>,
  kind: DatabaseKind,
  wakeUps: WakeUps,
  now: () => Date,
): RootScope {
  const current = new AsyncLocalStorage<Running>()

  /** With SQLite the question would wait for the transaction, and the transaction for the question. */
  const refuseInside = () => {
    if (current.getStore()?.isOver === false) {
      throw new ServingError(
        'INTERNAL',
        'the store was asked inside a transaction: ask what the transaction was given',
      )
    }
  }

  const runTransaction = async <T>(work: (scope: Scope) => Promise<T>): Promise<T> => {
    const running: Running = { isOver: false, failure: undefined }
    const changes: NewChange[] = []
    const topics = new Set<string>()
    let workError: { readonly thrown: unknown } | undefined
    try {
      const result = await current.run(running, () =>
        database.transaction().execute(async transaction => {
          const value = await work(transactionScope(transaction, running, changes, topics)).catch(thrown => {
            workError = { thrown }
            throw thrown
          })
          running.isOver = true
          if (running.failure !== undefined) throw running.failure
          if (changes.length > 0) {
            // Last of all: from here on nobody else commits a change before this one does.
            await appendChanges(transaction, changes, now())
            topics.add(CHANGES_TOPIC)
          }
          if (kind === 'postgres') await announce(transaction, topics)
          return value
        }),
      )
      for (const topic of topics) wakeUps.wake(topic)
      return result
    } catch (thrown) {
      // What the work itself threw is its caller's own; the rest is the database's.
      throw workError?.thrown === thrown ? thrown : databaseError(thrown)
    } finally {
      running.isOver = true
    }
  }

  const root: RootScope = {
    async read(ask) {
      refuseInside()
      return againWhenCutOff(() =>
        ask(database).catch(thrown => {
          throw databaseError(thrown)
        }),
      )
    },
    write: work => root.transaction(scope => scope.write(work)),
    async transaction(work) {
      refuseInside()
      let hasBegun = false
      return againWhenCutOff(
        () => {
          hasBegun = false
          return runTransaction(scope => {
            hasBegun = true
            return work(scope)
          })
        },
        () => !hasBegun,
      )
    },
  }
  return root
}

function transactionScope(
  database: Transaction<Tables>,
  running: Running,
  changes: NewChange[],
  topics: Set<string>,
): Scope {
  const transaction: WriteTransaction = {
    database,
    record: change => changes.push(change),
    wake: topic => topics.add(topic),
  }
  const ask = async <T>(question: () => Promise<T>): Promise<T> => {
    if (running.isOver)
      throw new ServingError('INTERNAL', 'the transaction is over; nothing can be asked of it')
    try {
      return await question()
    } catch (thrown) {
      const error = databaseError(thrown)
      if (error !== thrown) running.failure ??= error
      throw error
    }
  }
  return {
    read: question => ask(() => question(database)),
    write: work => ask(() => work(transaction)),
  }
}

/** PostgreSQL passes these on when the transaction commits, to other processes. */
async function announce(transaction: Transaction<Tables>, topics: ReadonlySet<string>): Promise<void> {
  for (const topic of topics) await sql`select pg_notify(${POSTGRES_CHANNEL}, ${topic})`.execute(transaction)
}

/** A pool's connections that all broke at once, as when the database was restarted, and one more try. */
const TRIES_MAX = 3

/** Tries again on another connection as long as nothing can have been done on the one that was cut off. */
async function againWhenCutOff<T>(run: () => Promise<T>, isHarmless = () => true): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run()
    } catch (thrown) {
      if (attempt === TRIES_MAX || !isHarmless() || !isCutOff(thrown)) throw thrown
    }
  }
}
