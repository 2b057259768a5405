import type { Selectable, Transaction } from 'kysely'
import { addCounts, type StoredCounts, storedCounts } from './check-counts.ts'
import type { CheckRetention, NewCheck } from './checks.ts'
import type { InsertChecks } from './insert-checks.ts'
import { fromJson } from './records.ts'
import type { Tables } from './tables.ts'

/** Databases take only so many values in one statement. */
const INSERT_AT_ONCE = 1_000
/** How often, in checks of a version, the oldest ones are thrown away. */
const TRIM_EVERY = 500

/** As it is, or as it was handed to another thread. */
export type WrittenCheck = Omit<NewCheck, 'counts'> & { readonly counts: NewCheck['counts'] | StoredCounts }

/** Adds checks to their versions' batches. */
export async function writeChecks(
  database: Transaction<Tables>,
  insert: InsertChecks,
  checks: readonly WrittenCheck[],
  retention: CheckRetention,
): Promise<{ readonly storedCount: number }> {
  let storedCount = 0
  // In the order of ids, so that two who write at once wait for each other and not in a circle.
  const byVersion = [...Map.groupBy(checks, ({ versionId }) => versionId)].toSorted(([a], [b]) => a - b)
  for (const [versionId, ofVersion] of byVersion) {
    const total = await countIn(database, versionId, ofVersion.length)
    if (total === undefined) continue
    await fillBatches(database, insert, versionId, ofVersion)
    storedCount += ofVersion.length
    if (Math.floor(total / TRIM_EVERY) > Math.floor((total - ofVersion.length) / TRIM_EVERY)) {
      await trim(database, versionId, retention)
    }
  }
  return { storedCount }
}

/**
 * Counts checks in, which keeps others from the version's batches until the transaction ends.
 * @returns how many there ever were; `undefined` for a version that is gone
 */
async function countIn(
  database: Transaction<Tables>,
  versionId: number,
  added: number,
): Promise<number | undefined> {
  const version = database.selectFrom('model_versions').select('id').where('id', '=', versionId)
  if ((await version.executeTakeFirst()) === undefined) return undefined
  const row = await database
    .insertInto('monitored_versions')
    .values({ version_id: versionId, check_count: added })
    .onConflict(conflict =>
      conflict.column('version_id').doUpdateSet(eb => ({
        check_count: eb(eb.ref('monitored_versions.check_count'), '+', added),
      })),
    )
    .returning('check_count')
    .executeTakeFirstOrThrow()
  return row.check_count
}

type AggregateRow = Selectable<Tables['check_aggregates']>

async function fillBatches(
  database: Transaction<Tables>,
  insert: InsertChecks,
  versionId: number,
  checks: readonly WrittenCheck[],
): Promise<void> {
  let open = await database
    .selectFrom('check_aggregates')
    .selectAll()
    .where('version_id', '=', versionId)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  for (let start = 0; start < checks.length; ) {
    if (open === undefined || open.request_count >= open.batch_size) {
      open = await openBatch(database, versionId, checks[start]!)
    }
    const room = Math.min(open.batch_size - open.request_count, INSERT_AT_ONCE)
    const part = checks.slice(start, start + room)
    open = await fillBatch(database, insert, open, part)
    start += part.length
  }
}

function openBatch(
  database: Transaction<Tables>,
  versionId: number,
  { batchSize, recordedAt }: WrittenCheck,
): Promise<AggregateRow> {
  const at = recordedAt.toISOString()
  return database
    .insertInto('check_aggregates')
    .values({
      version_id: versionId,
      batch_size: Math.max(1, batchSize),
      request_count: 0,
      first_check_id: 0,
      last_check_id: 0,
      first_at: at,
      last_at: at,
      counts: JSON.stringify({ fields: [], metrics: [] }),
    })
    .returningAll()
    .executeTakeFirstOrThrow()
}

async function fillBatch(
  database: Transaction<Tables>,
  insert: InsertChecks,
  open: AggregateRow,
  checks: readonly WrittenCheck[],
): Promise<AggregateRow> {
  const rows = checks.map(({ requestId, recordedAt, document }) => ({
    version_id: open.version_id,
    aggregate_id: open.id,
    // PostgreSQL has no text with a zero in it.
    request_id: requestId.replaceAll('\0', '�'),
    recorded_at: recordedAt.toISOString(),
    document,
  }))
  const { first, last } = await insert(database, rows)
  const times = [open.first_at, open.last_at, ...rows.map(row => row.recorded_at)].toSorted()
  let counts = addCounts(undefined, fromJson(open.counts))
  for (const check of checks) counts = addCounts(counts, check.counts)
  const next = {
    request_count: open.request_count + checks.length,
    first_check_id: open.first_check_id === 0 ? first : open.first_check_id,
    last_check_id: last,
    first_at: times[0]!,
    last_at: times.at(-1)!,
    counts: JSON.stringify(storedCounts(counts)),
  }
  await database.updateTable('check_aggregates').set(next).where('id', '=', open.id).execute()
  return { ...open, ...next }
}

/** Removes what the retention does not keep of a version, and batches of which nothing is left. */
async function trim(
  database: Transaction<Tables>,
  versionId: number,
  { perVersion }: CheckRetention,
): Promise<void> {
  const newest = database.selectFrom('checks').select('id').where('version_id', '=', versionId)
  const surplus = await newest.orderBy('id', 'desc').offset(perVersion).limit(1).executeTakeFirst()
  if (surplus !== undefined) {
    await database
      .deleteFrom('checks')
      .where('version_id', '=', versionId)
      .where('id', '<=', surplus.id)
      .execute()
  }
  const oldest = await newest.orderBy('id').limit(1).executeTakeFirst()
  await database
    .deleteFrom('check_aggregates')
    .where('version_id', '=', versionId)
    .where('last_check_id', '<', oldest?.id ?? Number.MAX_SAFE_INTEGER)
    .execute()
}
