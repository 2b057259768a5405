import { ServingError } from '@millrace/sdk'
import type { Transaction } from 'kysely'
import {
  type ApplicationDefinition,
  type ApplicationRecord,
  type ApplicationState,
  type ExecutionGraph,
  toApplication,
} from './application-record.ts'
import { checkPage, type Page } from './page.ts'
import { found } from './records.ts'
import type { Scope } from './scope.ts'
import type { Tables } from './tables.ts'

export interface Applications {
  list(filter?: Page & { readonly usesVersionId?: number | undefined }): Promise<readonly ApplicationRecord[]>
  get(id: number): Promise<ApplicationRecord | undefined>
  find(name: string): Promise<ApplicationRecord | undefined>
  /** The names of the applications that use each of these versions; versions that none uses are left out. */
  namesByVersion(versionIds?: readonly number[]): Promise<ReadonlyMap<number, readonly string[]>>
  /** As `Assembling`. Rejects ALREADY_EXISTS for a name that is taken, NOT_FOUND for a version that is not there. */
  create(definition: ApplicationDefinition): Promise<ApplicationRecord>
  /**
   * Replaces what it is made of; it is `Assembling` again. Without `metadata` it keeps what it had, without
   * `kafkaStreaming` it has none. Rejects NOT_FOUND, ALREADY_EXISTS for another one's name, and FAILED_PRECONDITION when
   * `ifRevision` is not the revision that is there.
   */
  replace(id: number, definition: ApplicationDefinition, ifRevision?: number): Promise<ApplicationRecord>
  /** Rejects NOT_FOUND, and FAILED_PRECONDITION when `ifRevision` is not the revision that is there. */
  setState(id: number, state: ApplicationState): Promise<ApplicationRecord>
  /** Rejects NOT_FOUND. Its servables stay. */
  delete(name: string): Promise<ApplicationRecord>
}

export function createApplications(scope: Scope, now: () => Date): Applications {
  const columns = ({ name, namespace, signature, graph, kafkaStreaming = [] }: ApplicationDefinition) => ({
    name,
    namespace: namespace ?? null,
    status: 'Assembling',
    status_message: null,
    signature: JSON.stringify(signature),
    graph: JSON.stringify(graph),
    kafka_streaming: JSON.stringify(kafkaStreaming),
    updated_at: now().toISOString(),
  })

  return {
    list(filter = {}) {
      const { limit, afterId } = checkPage(filter)
      const { usesVersionId } = filter
      return scope.read(async database => {
        let query = database.selectFrom('applications').selectAll().where('id', '>', afterId)
        if (usesVersionId !== undefined) {
          const users = database.selectFrom('application_versions').select('application_id')
          query = query.where('id', 'in', users.where('version_id', '=', usesVersionId))
        }
        return (await query.orderBy('id').limit(limit).execute()).map(toApplication)
      })
    },
    get: id =>
      scope.read(async database => {
        const row = await database
          .selectFrom('applications')
          .selectAll()
          .where('id', '=', id)
          .executeTakeFirst()
        return row === undefined ? undefined : toApplication(row)
      }),
    find: name =>
      scope.read(async database => {
        const query = database.selectFrom('applications').selectAll().where('name', '=', name)
        const row = await query.executeTakeFirst()
        return row === undefined ? undefined : toApplication(row)
      }),
    namesByVersion: versionIds =>
      scope.read(async database => {
        if (versionIds?.length === 0) return new Map()
        let query = database
          .selectFrom('application_versions')
          .innerJoin('applications', 'applications.id', 'application_versions.application_id')
          .select(['application_versions.version_id as versionId', 'applications.name'])
        if (versionIds !== undefined) {
          query = query.where('application_versions.version_id', 'in', [...versionIds])
        }
        const rows = await query.orderBy('applications.name').execute()
        const byVersion = Map.groupBy(rows, ({ versionId }) => versionId)
        return new Map([...byVersion].map(([id, users]) => [id, users.map(({ name }) => name)]))
      }),
    create: definition =>
      scope.write(async ({ database, record }) => {
        await checkVersions(database, definition.graph)
        const row = await database
          .insertInto('applications')
          .values({
            ...columns(definition),
            metadata: JSON.stringify(definition.metadata ?? {}),
            created_at: now().toISOString(),
          })
          .onConflict(conflict => conflict.column('name').doNothing())
          .returningAll()
          .executeTakeFirst()
        if (row === undefined) throw nameTaken(definition.name)
        await indexVersions(database, row.id, definition.graph)
        record({ entity: 'Application', action: 'CREATED', key: row.name })
        return toApplication(row)
      }),
    replace: (id, definition, ifRevision) =>
      scope.write(async ({ database, record }) => {
        const before = await lockRevision(database, id, ifRevision)
        const namesake = await database
          .selectFrom('applications')
          .select('id')
          .where('name', '=', definition.name)
          .where('id', '!=', id)
          .executeTakeFirst()
        if (namesake !== undefined) throw nameTaken(definition.name)
        await checkVersions(database, definition.graph)
        const { metadata } = definition
        const row = await database
          .updateTable('applications')
          .set({
            ...columns(definition),
            ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) }),
          })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirstOrThrow()
        await indexVersions(database, id, definition.graph)
        if (before !== row.name) record({ entity: 'Application', action: 'DELETED', key: before })
        record({ entity: 'Application', action: 'UPDATED', key: row.name })
        return toApplication(row)
      }),
    setState: (id, { status, statusMessage, graph, ifRevision }) =>
      scope.write(async ({ database, record }) => {
        await lockRevision(database, id, ifRevision)
        if (graph !== undefined) await checkVersions(database, graph)
        const row = await database
          .updateTable('applications')
          .set({
            status,
            status_message: statusMessage ?? null,
            updated_at: now().toISOString(),
            ...(graph === undefined ? {} : { graph: JSON.stringify(graph) }),
          })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirstOrThrow()
        if (graph !== undefined) await indexVersions(database, id, graph)
        record({ entity: 'Application', action: 'UPDATED', key: row.name })
        return toApplication(row)
      }),
    delete: name =>
      scope.write(async ({ database, record }) => {
        const query = database.deleteFrom('applications').where('name', '=', name).returningAll()
        const row = found(await query.executeTakeFirst(), `application with name ${name}`)
        record({ entity: 'Application', action: 'DELETED', key: name })
        return toApplication(row)
      }),
  }
}

function nameTaken(name: string): ServingError {
  return new ServingError('ALREADY_EXISTS', `Application with name ${name} already exists`)
}

/** Counts the revision up, which keeps others from changing it until the transaction ends. Returns the name so far. */
async function lockRevision(
  database: Transaction<Tables>,
  id: number,
  ifRevision: number | undefined,
): Promise<string> {
  let update = database
    .updateTable('applications')
    .set(({ eb }) => ({ revision: eb('revision', '+', 1) }))
    .where('id', '=', id)
  if (ifRevision !== undefined) update = update.where('revision', '=', ifRevision)
  const locked = await update.returning('name').executeTakeFirst()
  if (locked !== undefined) return locked.name
  const query = database.selectFrom('applications').select(['name', 'revision']).where('id', '=', id)
  const { name, revision } = found(await query.executeTakeFirst(), `application id ${id}`)
  throw new ServingError(
    'FAILED_PRECONDITION',
    `Application ${name} has revision ${revision} by now, not ${ifRevision}; read it again`,
  )
}

function versionsOf(graph: ExecutionGraph): number[] {
  return [
    ...new Set(graph.stages.flatMap(stage => stage.modelVariants.map(variant => variant.modelVersionId))),
  ]
}

async function checkVersions(database: Transaction<Tables>, graph: ExecutionGraph): Promise<void> {
  const ids = versionsOf(graph)
  if (ids.length === 0) return
  const rows = await database.selectFrom('model_versions').select('id').where('id', 'in', ids).execute()
  const there = new Set(rows.map(({ id }) => id))
  for (const id of ids) found(there.has(id) || undefined, `modelversion id ${id}`)
}

async function indexVersions(
  database: Transaction<Tables>,
  applicationId: number,
  graph: ExecutionGraph,
): Promise<void> {
  await database.deleteFrom('application_versions').where('application_id', '=', applicationId).execute()
  const rows = versionsOf(graph).map(versionId => ({ application_id: applicationId, version_id: versionId }))
  if (rows.length > 0) await database.insertInto('application_versions').values(rows).execute()
}
