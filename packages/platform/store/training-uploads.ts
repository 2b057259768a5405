import { ServingError } from '@millrace/sdk'
import type { Selectable } from 'kysely'
import { found } from './records.ts'
import type { Scope } from './scope.ts'
import type { Tables } from './tables.ts'

export type TrainingUploadStatus = 'Processing' | 'Success' | 'Failure'

/** Training data of a version, once for each time that somebody has handed some in. */
export interface TrainingUploadRecord {
  readonly id: number
  readonly versionId: number
  /** Where it was read from; `undefined` for what came with the request. */
  readonly uri: string | undefined
  /** What was read; `undefined` until it is all there. */
  readonly payloadDigest: string | undefined
  readonly status: TrainingUploadStatus
  /** Why it failed, or what has to be said of a success. */
  readonly message: string | undefined
  readonly rowCount: number
  /** Rows that were no rows. */
  readonly skippedRowCount: number
  readonly created: string
  readonly finished: string | undefined
}

export interface TrainingUploadEnd {
  readonly rowCount: number
  readonly skippedRowCount: number
  readonly message?: string | undefined
}

export interface TrainingUploads {
  /** From the first to the last. */
  list(versionId: number): Promise<readonly TrainingUploadRecord[]>
  /** The one that was begun last. */
  latest(versionId: number): Promise<TrainingUploadRecord | undefined>
  /**
   * Begins one, as `Processing`. Rejects NOT_FOUND for a version that is not there, and FAILED_PRECONDITION while another
   * one of the version is `Processing`.
   */
  begin(versionId: number, uri: string | undefined): Promise<TrainingUploadRecord>
  /** Notes what was read. Rejects NOT_FOUND, and FAILED_PRECONDITION for bytes that are not among the blobs. */
  setPayload(id: number, digest: string): Promise<void>
  /** Ends it. Rejects FAILED_PRECONDITION unless it is `Processing`. */
  succeed(id: number, end: TrainingUploadEnd): Promise<TrainingUploadRecord>
  /** Ends it, as {@link TrainingUploads.succeed}. */
  fail(id: number, message: string): Promise<TrainingUploadRecord>
  /** Makes every one that is `Processing` a `Failure`: for the start of a program, when nobody can be reading it. */
  failInterrupted(message: string): Promise<readonly TrainingUploadRecord[]>
}

export function createTrainingUploads(scope: Scope, now: () => Date): TrainingUploads {
  const end = (
    id: number,
    status: TrainingUploadStatus,
    { rowCount, skippedRowCount, message }: TrainingUploadEnd,
  ) =>
    scope.write(async ({ database }) => {
      const row = await database
        .updateTable('training_uploads')
        .set({
          status,
          message: message ?? null,
          row_count: rowCount,
          skipped_row_count: skippedRowCount,
          finished_at: now().toISOString(),
        })
        .where('id', '=', id)
        .where('status', '=', 'Processing')
        .returningAll()
        .executeTakeFirst()
      if (row !== undefined) return toUpload(row)
      throw new ServingError('FAILED_PRECONDITION', `no training data with id ${id} is Processing`)
    })

  return {
    list: versionId =>
      scope.read(async database => {
        const query = database.selectFrom('training_uploads').selectAll().where('version_id', '=', versionId)
        return (await query.orderBy('id').execute()).map(toUpload)
      }),
    latest: versionId =>
      scope.read(async database => {
        const query = database.selectFrom('training_uploads').selectAll().where('version_id', '=', versionId)
        const row = await query.orderBy('id', 'desc').limit(1).executeTakeFirst()
        return row === undefined ? undefined : toUpload(row)
      }),
    begin: (versionId, uri) =>
      scope.write(async ({ database }) => {
        const version = database.selectFrom('model_versions').select('id').where('id', '=', versionId)
        found(await version.executeTakeFirst(), `modelversion id ${versionId}`)
        const row = await database
          .insertInto('training_uploads')
          .values({
            version_id: versionId,
            uri: uri ?? null,
            payload_digest: null,
            status: 'Processing',
            message: null,
            row_count: 0,
            skipped_row_count: 0,
            created_at: now().toISOString(),
            finished_at: null,
          })
          .onConflict(conflict => conflict.doNothing())
          .returningAll()
          .executeTakeFirst()
        if (row !== undefined) return toUpload(row)
        throw new ServingError(
          'FAILED_PRECONDITION',
          `training data of modelversion id ${versionId} is being processed already; wait until that has ended`,
        )
      }),
    setPayload: (id, digest) =>
      scope.write(async ({ database }) => {
        const blob = await database
          .updateTable('payload_blobs')
          .set({ used_at: now().toISOString() })
          .where('digest', '=', digest)
          .returning('digest')
          .executeTakeFirst()
        if (blob === undefined) {
          throw new ServingError(
            'FAILED_PRECONDITION',
            `payload '${digest}' is not stored; put it there first`,
          )
        }
        const changed = await database
          .updateTable('training_uploads')
          .set({ payload_digest: digest })
          .where('id', '=', id)
          .returning('id')
          .executeTakeFirst()
        found(changed, `training data with id ${id}`)
      }),
    succeed: (id, result) => end(id, 'Success', result),
    fail: (id, message) => end(id, 'Failure', { rowCount: 0, skippedRowCount: 0, message }),
    failInterrupted: message =>
      scope.write(async ({ database }) => {
        const rows = await database
          .updateTable('training_uploads')
          .set({ status: 'Failure', message, finished_at: now().toISOString() })
          .where('status', '=', 'Processing')
          .returningAll()
          .execute()
        return rows.map(toUpload)
      }),
  }
}

function toUpload(row: Selectable<Tables['training_uploads']>): TrainingUploadRecord {
  return {
    id: row.id,
    versionId: row.version_id,
    uri: row.uri ?? undefined,
    payloadDigest: row.payload_digest ?? undefined,
    status: row.status as TrainingUploadStatus,
    message: row.message ?? undefined,
    rowCount: row.row_count,
    skippedRowCount: row.skipped_row_count,
    created: row.created_at,
    finished: row.finished_at ?? undefined,
  }
}
