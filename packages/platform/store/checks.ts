import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Kysely, Selectable } from 'kysely'
import { type AggregateCounts, addCounts, type CheckCounts } from './check-counts.ts'
import type { CheckWriter } from './check-writer.ts'
import { INSERT_CHECKS } from './insert-checks.ts'
import type { DatabaseKind } from './migrations/migration.ts'
import { fromJson } from './records.ts'
import type { Scope, WriteTransaction } from './scope.ts'
import type { Tables } from './tables.ts'
import { writeChecks } from './write-checks.ts'

/** What was found in one request to a model version. */
export interface NewCheck {
  readonly versionId: number
  /** How many requests of the version are summed up together. */
  readonly batchSize: number
  readonly requestId: string
  readonly recordedAt: Date
  /** A JSON object, as text. */
  readonly document: string
  readonly counts: CheckCounts
}

export interface CheckRecord {
  readonly id: number
  readonly versionId: number
  readonly aggregateId: number
  readonly requestId: string
  readonly document: string
}

/** A batch of requests; the newest one of a version may still grow. */
export interface CheckAggregateRecord {
  readonly id: number
  readonly versionId: number
  readonly requestCount: number
  readonly firstCheckId: number
  readonly lastCheckId: number
  /** Of those requests that are still kept, oldest first; of all batches of a page the first 100,000. */
  readonly requestIds: readonly string[]
  readonly counts: AggregateCounts
}

export interface AggregateFilter {
  /** 1 to 1,000. */
  readonly limit: number
  readonly offset: number
  /** Only batches with requests at or after this time. */
  readonly from?: Date | undefined
  /** Only batches with requests at or before this time. */
  readonly till?: Date | undefined
}

export interface AggregatePage {
  /** How many there are besides this page. */
  readonly count: number
  /** Of all requests of the version that are kept. */
  readonly firstAt: Date | undefined
  readonly lastAt: Date | undefined
  /** Newest first. */
  readonly aggregates: readonly CheckAggregateRecord[]
}

/** What is kept of the past. */
export interface CheckRetention {
  /** The newest of each version. */
  readonly perVersion: number
}

/** What monitoring found in requests. Documents are given as they were stored, without being read. */
export interface Checks {
  /**
   * Adds them in their order, and closes a batch whenever it has its requests. Now and then it removes what the
   * retention does not keep. Those of versions that are gone are left out. What was added survives the process, but a
   * machine that loses power may forget the last of it: a database file does not wait for the disk.
   */
  append(checks: readonly NewCheck[], retention: CheckRetention): Promise<{ readonly storedCount: number }>
  get(id: number): Promise<CheckRecord | undefined>
  /** Newest first. */
  list(
    versionId: number,
    page: { readonly limit: number; readonly offset: number },
  ): Promise<readonly CheckRecord[]>
  /** How many of a version are kept. */
  count(versionId: number): Promise<number>
  /** Oldest first; those of the batch that goes from one to the other, up to 10,000. */
  between(versionId: number, firstCheckId: number, lastCheckId: number): Promise<readonly CheckRecord[]>
  /** Oldest first, up to 10,000. */
  inAggregate(versionId: number, aggregateId: number): Promise<readonly CheckRecord[]>
  /** Those of another version whose requests have the ids of a batch's, oldest first. */
  sameRequests(
    versionId: number,
    aggregateId: number,
    otherVersionId: number,
  ): Promise<readonly CheckRecord[]>
  /** Some of a version, drawn by chance. */
  sample(versionId: number, size: number): Promise<readonly CheckRecord[]>
  aggregates(versionId: number, filter: AggregateFilter): Promise<AggregatePage>
  /** Removes what is older, of all versions, in several transactions. */
  deleteBefore(since: Date): Promise<void>
}

function select(database: Kysely<Tables>) {
  return database.selectFrom('checks').select(['id', 'version_id', 'aggregate_id', 'request_id', 'document'])
}

/** However large a batch is, no more of it is given at once. */
const ROWS_MAX = 10_000
const REQUEST_IDS_MAX = 100_000
const DELETE_AT_ONCE = 500

/** @param writer adds them where there is no transaction that they belong to. Default: whoever asks does */
export function createChecks(scope: Scope, kind: DatabaseKind, writer?: CheckWriter): Checks {
  return {
    append: (checks, retention) =>
      writer === undefined
        ? scope.write(({ database }) => writeChecks(database, INSERT_CHECKS[kind], checks, retention))
        : scope.read(() => writer.append(checks, retention)),
    get: id =>
      scope.read(async database => {
        const row = await select(database).where('id', '=', id).executeTakeFirst()
        return row === undefined ? undefined : toCheck(row)
      }),
    list: (versionId, { limit, offset }) =>
      scope.read(async database => {
        const query = select(database).where('version_id', '=', versionId).orderBy('id', 'desc')
        return (await query.limit(Math.min(limit, ROWS_MAX)).offset(offset).execute()).map(toCheck)
      }),
    count: versionId =>
      scope.read(async database => {
        const { count } = await database
          .selectFrom('checks')
          .select(eb => eb.fn.countAll<number>().as('count'))
          .where('version_id', '=', versionId)
          .executeTakeFirstOrThrow()
        return count
      }),
    between: (versionId, firstCheckId, lastCheckId) =>
      scope.read(async database => {
        const query = select(database)
          .where('version_id', '=', versionId)
          .where('id', '>=', firstCheckId)
          .where('id', '<=', lastCheckId)
        return (await query.orderBy('id').limit(ROWS_MAX).execute()).map(toCheck)
      }),
    inAggregate: (versionId, aggregateId) =>
      scope.read(async database => {
        const query = select(database)
          .where('aggregate_id', '=', aggregateId)
          .where('version_id', '=', versionId)
        return (await query.orderBy('id').limit(ROWS_MAX).execute()).map(toCheck)
      }),
    sameRequests: (versionId, aggregateId, otherVersionId) =>
      scope.read(async database => {
        const query = select(database)
          .where('version_id', '=', otherVersionId)
          .where('request_id', 'in', requests =>
            requests
              .selectFrom('checks as asked')
              .select('asked.request_id')
              .where('asked.aggregate_id', '=', aggregateId)
              .where('asked.version_id', '=', versionId),
          )
        return (await query.orderBy('id').limit(ROWS_MAX).execute()).map(toCheck)
      }),
    sample: (versionId, size) =>
      scope.read(async database => {
        const query = select(database).where('id', 'in', drawn =>
          drawn
            .selectFrom('checks as drawn')
            .select('drawn.id')
            .where('drawn.version_id', '=', versionId)
            .orderBy(eb => eb.fn('random'))
            .limit(Math.min(size, ROWS_MAX)),
        )
        return (await query.orderBy('id').execute()).map(toCheck)
      }),
    aggregates: (versionId, filter) => scope.read(database => readAggregates(database, versionId, filter)),
    async deleteBefore(since) {
      const at = since.toISOString()
      const deleteSome = async ({ database }: WriteTransaction) => {
        const old = database.selectFrom('checks').select('id').where('recorded_at', '<', at)
        const deleted = await database
          .deleteFrom('checks')
          .where('id', 'in', old.orderBy('recorded_at').limit(DELETE_AT_ONCE))
          .executeTakeFirstOrThrow()
        return deleted.numDeletedRows
      }
      // In parts, so that nobody has to wait for long.
      while ((await scope.write(deleteSome)) >= DELETE_AT_ONCE) await nextTurn()
      await scope.write(({ database }) =>
        database.deleteFrom('check_aggregates').where('last_at', '<', at).execute(),
      )
    },
  }
}

async function readAggregates(
  database: Kysely<Tables>,
  versionId: number,
  { limit, offset, from, till }: AggregateFilter,
): Promise<AggregatePage> {
  let query = database.selectFrom('check_aggregates').where('version_id', '=', versionId)
  if (from !== undefined) query = query.where('last_at', '>=', from.toISOString())
  if (till !== undefined) query = query.where('first_at', '<=', till.toISOString())
  const { count } = await query.select(eb => eb.fn.countAll<number>().as('count')).executeTakeFirstOrThrow()
  const { first, last } = await database
    .selectFrom('check_aggregates')
    .select(eb => [eb.fn.min('first_at').as('first'), eb.fn.max('last_at').as('last')])
    .where('version_id', '=', versionId)
    .executeTakeFirstOrThrow()
  const rows = await query.selectAll().orderBy('id', 'desc').limit(limit).offset(offset).execute()
  const requests =
    rows.length === 0
      ? []
      : await database
          .selectFrom('checks')
          .select(['aggregate_id', 'request_id'])
          .where(
            'aggregate_id',
            'in',
            rows.map(({ id }) => id),
          )
          .orderBy('aggregate_id')
          .orderBy('id')
          .limit(REQUEST_IDS_MAX)
          .execute()
  const requestIds = Map.groupBy(requests, request => request.aggregate_id)
  return {
    count,
    firstAt: toDate(first),
    lastAt: toDate(last),
    aggregates: rows.map(row => ({
      id: row.id,
      versionId: row.version_id,
      requestCount: row.request_count,
      firstCheckId: row.first_check_id,
      lastCheckId: row.last_check_id,
      requestIds: (requestIds.get(row.id) ?? []).map(request => request.request_id),
      counts: addCounts(undefined, fromJson(row.counts)),
    })),
  }
}

/** Without a row the database says null, whatever the column's type. */
function toDate(text: string | null): Date | undefined {
  return text === null ? undefined : new Date(text)
}

type CheckRow = Pick<
  Selectable<Tables['checks']>,
  'id' | 'version_id' | 'aggregate_id' | 'request_id' | 'document'
>

function toCheck(row: CheckRow): CheckRecord {
  return {
    id: row.id,
    versionId: row.version_id,
    aggregateId: row.aggregate_id,
    requestId: row.request_id,
    document: row.document,
  }
}
