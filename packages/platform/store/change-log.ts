import { ServingError } from '@millrace/sdk'
import type { Transaction } from 'kysely'
import type { Scope } from './scope.ts'
import type { Tables } from './tables.ts'
import type { WakeUps } from './wake-ups.ts'

/** What a change can be about, and what its `key` is. */
export type ChangeEntity =
  /** Name. */
  | 'Model'
  /** Id. */
  | 'ModelVersion'
  /** Id. */
  | 'Runtime'
  /** Name. */
  | 'HostSelector'
  /** Name. */
  | 'DeploymentConfiguration'
  /** Full name. */
  | 'Servable'
  /** Name. */
  | 'Application'
  /** Id. */
  | 'MetricSpecification'

export type ChangeAction = 'CREATED' | 'UPDATED' | 'DELETED'

export interface NewChange {
  readonly entity: ChangeEntity
  readonly action: ChangeAction
  readonly key: string
}

/** One committed change. Sequences start at 1 and grow by 1, in the order in which transactions were committed. */
export interface Change extends NewChange {
  readonly sequence: number
  readonly changedAt: string
}

/** The ordered list of everything that was changed. */
export interface ChangeLog {
  /** The last sequence so far; 0 before the first change. */
  lastSequence(): Promise<number>
  /**
   * All changes after a sequence, and then each new one as soon as it is committed, until the signal is aborted or
   * the store is closed, which ends the iteration. It says that something changed, not how: who wants to know reads the row, which may be newer.
   *
   * Rejects FAILED_PRECONDITION when some of those changes are no longer kept: read the lists again, and go on from
   * {@link ChangeLog.lastSequence} as it was before.
   *
   * With PostgreSQL it also sees what other processes commit; an SQLite file belongs to one process.
   */
  follow(afterSequence: number, signal?: AbortSignal): AsyncIterable<Change>
}

export const CHANGES_TOPIC = 'changes'

/** Changes kept for those who were away. */
const CHANGES_KEPT = 100_000
/** How often, in changes, the oldest ones are thrown away. */
const PRUNE_EVERY = 1_000
const READ_AT_ONCE = 500

export function createChangeLog(scope: Scope, wakeUps: WakeUps): ChangeLog {
  const lastSequence = () =>
    scope.read(async database => {
      const row = await database.selectFrom('change_sequence').select('last').executeTakeFirstOrThrow()
      return row.last
    })
  const isOver = (signal: AbortSignal | undefined) => wakeUps.isClosed || signal?.aborted === true
  return {
    lastSequence,
    async *follow(afterSequence, signal) {
      let position = afterSequence
      while (!isOver(signal)) {
        const mark = wakeUps.mark()
        const changes = await readChanges(scope, position)
        const [first] = changes
        if (first === undefined) {
          if (position > (await lastSequence())) throw neverWas(position)
          if (!(await wakeUps.waitAfter(CHANGES_TOPIC, mark, signal))) return
          continue
        }
        if (first.sequence !== position + 1) throw noLongerKept(position, first.sequence)
        for (const change of changes) {
          position = change.sequence
          yield change
          if (isOver(signal)) return
        }
      }
    },
  }
}

async function readChanges(scope: Scope, after: number): Promise<Change[]> {
  const rows = await scope.read(database =>
    database
      .selectFrom('changes')
      .selectAll()
      .where('sequence', '>', after)
      .orderBy('sequence')
      .limit(READ_AT_ONCE)
      .execute(),
  )
  return rows.map(({ changed_at: changedAt, entity, action, ...row }) => ({
    ...row,
    entity: entity as ChangeEntity,
    action: action as ChangeAction,
    changedAt,
  }))
}

/**
 * Numbers the changes of one transaction. The counter's row stays locked until it ends, so that no sequence is seen
 * before all smaller ones are, and none is missing: one that is rolled back gives its numbers back.
 */
export async function appendChanges(
  database: Transaction<Tables>,
  changes: readonly NewChange[],
  now: Date,
): Promise<void> {
  const { last } = await database
    .updateTable('change_sequence')
    .set(({ eb }) => ({ last: eb('last', '+', changes.length) }))
    .returning('last')
    .executeTakeFirstOrThrow()
  const first = last - changes.length + 1
  await database
    .insertInto('changes')
    .values(
      changes.map(({ entity, action, key }, index) => ({
        sequence: first + index,
        entity,
        action,
        key,
        changed_at: now.toISOString(),
      })),
    )
    .execute()
  const isPruningDue = Math.floor(last / PRUNE_EVERY) > Math.floor((first - 1) / PRUNE_EVERY)
  if (isPruningDue)
    await database
      .deleteFrom('changes')
      .where('sequence', '<=', last - CHANGES_KEPT)
      .execute()
}

function noLongerKept(position: number, oldest: number): ServingError {
  return new ServingError(
    'FAILED_PRECONDITION',
    `changes after ${position} are no longer kept, the oldest is ${oldest}; read the lists again`,
  )
}

function neverWas(position: number): ServingError {
  return new ServingError(
    'FAILED_PRECONDITION',
    `there was no change ${position} yet: it was counted by another database; read the lists again`,
  )
}
