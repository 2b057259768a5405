import { ServingError } from '@millrace/sdk'
import type { Kysely } from 'kysely'
import { checkPage, type Page } from './page.ts'
import { type DockerImage, found, type StringMap, toOptionalJson } from './records.ts'
import type { Scope, WriteTransaction } from './scope.ts'
import type { ModelSignature } from './signature.ts'
import type { Tables } from './tables.ts'
import { selectVersions, toVersion } from './version-rows.ts'

/** `Assembling` until its build has ended. */
export type ModelVersionStatus = 'Assembling' | 'Released' | 'Failed'

/** Size of the batches that monitoring sums up. */
export interface MonitoringConfiguration {
  readonly batchSize: number
}

/** One version of a model. Its id is also the name of its build log. */
export interface ModelVersionRecord {
  readonly id: number
  readonly modelId: number
  readonly modelName: string
  /** 1, 2, 3… per model. */
  readonly version: number
  readonly status: ModelVersionStatus
  /** Why it failed. */
  readonly statusMessage: string | undefined
  /** Runs elsewhere: has no payload, runtime or image, and is never deployed. */
  readonly isExternal: boolean
  readonly signature: ModelSignature
  readonly runtime: DockerImage | undefined
  /** What was built; `undefined` before. */
  readonly image: DockerImage | undefined
  readonly payloadDigest: string | undefined
  readonly installCommand: string | undefined
  readonly trainingData: string | undefined
  readonly metadata: StringMap
  readonly monitoringConfiguration: MonitoringConfiguration | undefined
  readonly created: string
  readonly finished: string | undefined
}

/** What is known when an upload has come in. */
export interface NewModelVersion extends NewExternalVersion {
  readonly runtime: DockerImage
  /** A blob that is there. */
  readonly payloadDigest?: string | undefined
  readonly installCommand?: string | undefined
}

export interface NewExternalVersion {
  readonly modelName: string
  readonly signature: ModelSignature
  readonly metadata?: StringMap | undefined
  readonly monitoringConfiguration?: MonitoringConfiguration | undefined
}

export interface ModelVersionFilter extends Page {
  readonly modelName?: string | undefined
  readonly status?: ModelVersionStatus | undefined
  readonly ids?: readonly number[] | undefined
}

export interface ModelVersions {
  list(filter?: ModelVersionFilter): Promise<readonly ModelVersionRecord[]>
  get(id: number): Promise<ModelVersionRecord | undefined>
  find(modelName: string, version: number): Promise<ModelVersionRecord | undefined>
  /**
   * Takes the model's next number, making the model if there is none, as `Assembling`. However many are made at once, no
   * number is given twice. Rejects FAILED_PRECONDITION when the payload is not among the blobs.
   */
  create(version: NewModelVersion): Promise<ModelVersionRecord>
  /** The same for a version that runs elsewhere; it is `Released` at once. */
  createExternal(version: NewExternalVersion): Promise<ModelVersionRecord>
  /** Ends the build. Rejects NOT_FOUND, and FAILED_PRECONDITION unless it is `Assembling`. */
  release(id: number, image: DockerImage | undefined): Promise<ModelVersionRecord>
  /** Ends the build, as {@link ModelVersions.release}. */
  fail(id: number, message: string): Promise<ModelVersionRecord>
  /** Makes every `Assembling` version `Failed`: for the start of a program, when nobody can be building. */
  failInterrupted(message: string): Promise<readonly ModelVersionRecord[]>
  /** Notes where training data has come from. Rejects NOT_FOUND. */
  setTrainingData(id: number, uri: string): Promise<ModelVersionRecord>
}

export function createModelVersions(scope: Scope, now: () => Date): ModelVersions {
  const insert = (version: NewExternalVersion & Partial<NewModelVersion>, isExternal: boolean) =>
    scope.write(async transaction => {
      const created = now().toISOString()
      if (version.payloadDigest !== undefined) await usePayload(transaction, version.payloadDigest, created)
      const place = await takeNumber(transaction, version.modelName, created)
      const { id } = await transaction.database
        .insertInto('model_versions')
        .values({
          ...place,
          status: isExternal ? 'Released' : 'Assembling',
          status_message: null,
          is_external: isExternal ? 1 : 0,
          signature: JSON.stringify(version.signature),
          runtime: toOptionalJson(version.runtime),
          image: null,
          payload_digest: version.payloadDigest ?? null,
          install_command: version.installCommand ?? null,
          training_data: null,
          metadata: JSON.stringify(version.metadata ?? {}),
          monitoring_configuration: JSON.stringify(version.monitoringConfiguration ?? {}),
          created_at: created,
          finished_at: isExternal ? created : null,
        })
        .returning('id')
        .executeTakeFirstOrThrow()
      transaction.record({ entity: 'ModelVersion', action: 'CREATED', key: String(id) })
      return (await byId(transaction.database, id))!
    })

  const finish = (id: number, end: VersionEnd) =>
    scope.write(async transaction => {
      const before = found(await byId(transaction.database, id), `modelversion id ${id}`)
      const changed = await transaction.database
        .updateTable('model_versions')
        .set({ ...end, finished_at: now().toISOString() })
        .where('id', '=', id)
        .where('status', '=', 'Assembling')
        .returning('id')
        .execute()
      if (changed.length === 0) {
        throw new ServingError(
          'FAILED_PRECONDITION',
          `${before.modelName}:${before.version} is ${before.status}; only the build of an Assembling version can end`,
        )
      }
      transaction.record({ entity: 'ModelVersion', action: 'UPDATED', key: String(id) })
      return (await byId(transaction.database, id))!
    })

  return {
    list(filter = {}) {
      const { limit, afterId } = checkPage(filter)
      const { modelName, status, ids } = filter
      if (ids?.length === 0) return Promise.resolve([])
      return scope.read(async database => {
        let query = selectVersions(database).where('model_versions.id', '>', afterId)
        if (modelName !== undefined) query = query.where('models.name', '=', modelName)
        if (status !== undefined) query = query.where('model_versions.status', '=', status)
        if (ids !== undefined) query = query.where('model_versions.id', 'in', [...ids])
        return (await query.orderBy('model_versions.id').limit(limit).execute()).map(toVersion)
      })
    },
    get: id => scope.read(database => byId(database, id)),
    find: (modelName, version) =>
      scope.read(async database => {
        const query = selectVersions(database).where('models.name', '=', modelName)
        const row = await query.where('model_versions.version', '=', version).executeTakeFirst()
        return row === undefined ? undefined : toVersion(row)
      }),
    create: version => insert(version, false),
    createExternal: version => insert(version, true),
    release: (id, image) => finish(id, { status: 'Released', image: toOptionalJson(image) }),
    fail: (id, message) => finish(id, { status: 'Failed', status_message: message }),
    failInterrupted: message =>
      scope.write(async ({ database, record }) => {
        const changed = await database
          .updateTable('model_versions')
          .set({ status: 'Failed', status_message: message, finished_at: now().toISOString() })
          .where('status', '=', 'Assembling')
          .returning('id')
          .execute()
        if (changed.length === 0) return []
        const ids = changed.map(({ id }) => id).toSorted((a, b) => a - b)
        for (const id of ids) record({ entity: 'ModelVersion', action: 'UPDATED', key: String(id) })
        const query = selectVersions(database).where('model_versions.id', 'in', ids)
        return (await query.orderBy('model_versions.id').execute()).map(toVersion)
      }),
    setTrainingData: (id, uri) =>
      scope.write(async ({ database, record }) => {
        const query = database.updateTable('model_versions').set({ training_data: uri }).where('id', '=', id)
        const changed = await query.returning('id').execute()
        found(changed[0], `modelversion id ${id}`)
        record({ entity: 'ModelVersion', action: 'UPDATED', key: String(id) })
        return (await byId(database, id))!
      }),
  }
}

interface VersionEnd {
  readonly status: ModelVersionStatus
  readonly status_message?: string
  readonly image?: string | null
}

async function byId(database: Kysely<Tables>, id: number): Promise<ModelVersionRecord | undefined> {
  const row = await selectVersions(database).where('model_versions.id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : toVersion(row)
}

/** One statement, so that two who ask at once wait for each other and get different numbers. */
async function takeNumber(
  { database, record }: WriteTransaction,
  modelName: string,
  created: string,
): Promise<{ readonly model_id: number; readonly version: number }> {
  const { id, next_version: next } = await database
    .insertInto('models')
    .values({ name: modelName, next_version: 2, created_at: created })
    .onConflict(conflict =>
      conflict.column('name').doUpdateSet(eb => ({
        next_version: eb(eb.ref('models.next_version'), '+', 1),
      })),
    )
    .returning(['id', 'next_version'])
    .executeTakeFirstOrThrow()
  if (next === 2) record({ entity: 'Model', action: 'CREATED', key: modelName })
  return { model_id: id, version: next - 1 }
}

/** Marks the blob as used just now, so that it is not swept away before this transaction is there to be seen. */
async function usePayload({ database }: WriteTransaction, digest: string, usedAt: string): Promise<void> {
  const query = database.updateTable('payload_blobs').set({ used_at: usedAt }).where('digest', '=', digest)
  if ((await query.returning('digest').execute()).length > 0) return
  throw new ServingError('FAILED_PRECONDITION', `payload '${digest}' is not stored; put it there first`)
}
