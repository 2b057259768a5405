import { ServingError } from '@millrace/sdk'
import type { Selectable } from 'kysely'
import { checkPage, type Page } from './page.ts'
import { found, fromJson, type StringMap } from './records.ts'
import type { Scope } from './scope.ts'
import type { Tables } from './tables.ts'

export type ServableStatus = 'Starting' | 'Serving' | 'NotServing' | 'NotAvailable'

/** One running deployment of a model version. */
export interface ServableRecord {
  readonly id: number
  /** `<model>-<version>-<adjective>-<noun>` */
  readonly fullName: string
  readonly versionId: number
  /** `undefined` for the platform's own default. */
  readonly deploymentConfiguration: string | undefined
  readonly status: ServableStatus
  readonly statusMessage: string | undefined
  readonly host: string | undefined
  readonly port: number | undefined
  readonly metadata: StringMap
  /** Counts its changes from 1. */
  readonly revision: number
  readonly created: string
  readonly updated: string
}

export interface NewServable {
  readonly fullName: string
  readonly versionId: number
  readonly deploymentConfiguration?: string | undefined
  readonly statusMessage?: string | undefined
  readonly metadata?: StringMap | undefined
}

/** What its driver has found out. */
export interface ServableState {
  readonly status: ServableStatus
  readonly statusMessage?: string | undefined
  /** Where it answers; default: as before. */
  readonly address?: { readonly host: string; readonly port: number } | undefined
  /** When given, nothing is changed unless this is the revision that is there. */
  readonly ifRevision?: number | undefined
}

export interface ServableFilter extends Page {
  readonly versionId?: number | undefined
  readonly status?: ServableStatus | undefined
  readonly fullNames?: readonly string[] | undefined
}

export interface Servables {
  list(filter?: ServableFilter): Promise<readonly ServableRecord[]>
  find(fullName: string): Promise<ServableRecord | undefined>
  /**
   * As `Starting`. Rejects ALREADY_EXISTS for a name that is taken, and NOT_FOUND for a version or a deployment
   * configuration that is not there.
   */
  create(servable: NewServable): Promise<ServableRecord>
  /** Rejects NOT_FOUND, and FAILED_PRECONDITION when `ifRevision` is not the revision that is there. */
  setState(fullName: string, state: ServableState): Promise<ServableRecord>
  /** Rejects NOT_FOUND. Whether somebody uses it is for the caller to know. */
  delete(fullName: string): Promise<ServableRecord>
}

export function createServables(scope: Scope, now: () => Date): Servables {
  return {
    list(filter = {}) {
      const { limit, afterId } = checkPage(filter)
      const { versionId, status, fullNames } = filter
      if (fullNames?.length === 0) return Promise.resolve([])
      return scope.read(async database => {
        let query = database.selectFrom('servables').selectAll().where('id', '>', afterId)
        if (versionId !== undefined) query = query.where('version_id', '=', versionId)
        if (status !== undefined) query = query.where('status', '=', status)
        if (fullNames !== undefined) query = query.where('full_name', 'in', [...fullNames])
        return (await query.orderBy('id').limit(limit).execute()).map(toServable)
      })
    },
    find: fullName =>
      scope.read(async database => {
        const query = database.selectFrom('servables').selectAll().where('full_name', '=', fullName)
        const row = await query.executeTakeFirst()
        return row === undefined ? undefined : toServable(row)
      }),
    create: ({ fullName, versionId, deploymentConfiguration, statusMessage, metadata = {} }) =>
      scope.write(async ({ database, record }) => {
        const version = database.selectFrom('model_versions').select('id').where('id', '=', versionId)
        found(await version.executeTakeFirst(), `modelversion id ${versionId}`)
        if (deploymentConfiguration !== undefined) {
          const query = database
            .selectFrom('deployment_configurations')
            .select('name')
            .where('name', '=', deploymentConfiguration)
          found(await query.executeTakeFirst(), `DeploymentConfiguration ${deploymentConfiguration}`)
        }
        const time = now().toISOString()
        const row = await database
          .insertInto('servables')
          .values({
            full_name: fullName,
            version_id: versionId,
            deployment_configuration: deploymentConfiguration ?? null,
            status: 'Starting',
            status_message: statusMessage ?? null,
            host: null,
            port: null,
            metadata: JSON.stringify(metadata),
            created_at: time,
            updated_at: time,
          })
          .onConflict(conflict => conflict.column('full_name').doNothing())
          .returningAll()
          .executeTakeFirst()
        if (row === undefined) throw new ServingError('ALREADY_EXISTS', `Servable ${fullName} already exists`)
        record({ entity: 'Servable', action: 'CREATED', key: fullName })
        return toServable(row)
      }),
    setState: (fullName, { status, statusMessage, address, ifRevision }) =>
      scope.write(async ({ database, record }) => {
        let update = database
          .updateTable('servables')
          .set(({ eb }) => ({
            status,
            status_message: statusMessage ?? null,
            ...address,
            revision: eb('revision', '+', 1),
            updated_at: now().toISOString(),
          }))
          .where('full_name', '=', fullName)
        if (ifRevision !== undefined) update = update.where('revision', '=', ifRevision)
        const row = await update.returningAll().executeTakeFirst()
        if (row === undefined) {
          const query = database.selectFrom('servables').select('revision').where('full_name', '=', fullName)
          const { revision } = found(await query.executeTakeFirst(), `Servable ${fullName}`)
          throw new ServingError(
            'FAILED_PRECONDITION',
            `Servable ${fullName} has revision ${revision} by now, not ${ifRevision}; read it again`,
          )
        }
        record({ entity: 'Servable', action: 'UPDATED', key: fullName })
        return toServable(row)
      }),
    delete: fullName =>
      scope.write(async ({ database, record }) => {
        const query = database.deleteFrom('servables').where('full_name', '=', fullName).returningAll()
        const row = found(await query.executeTakeFirst(), `Servable ${fullName}`)
        record({ entity: 'Servable', action: 'DELETED', key: fullName })
        return toServable(row)
      }),
  }
}

function toServable(row: Selectable<Tables['servables']>): ServableRecord {
  return {
    id: row.id,
    fullName: row.full_name,
    versionId: row.version_id,
    deploymentConfiguration: row.deployment_configuration ?? undefined,
    status: row.status as ServableStatus,
    statusMessage: row.status_message ?? undefined,
    host: row.host ?? undefined,
    port: row.port ?? undefined,
    metadata: fromJson(row.metadata),
    revision: row.revision,
    created: row.created_at,
    updated: row.updated_at,
  }
}
