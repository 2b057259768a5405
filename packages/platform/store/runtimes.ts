import { ServingError } from '@millrace/sdk'
import type { Selectable } from 'kysely'
import { checkPage, type Page } from './page.ts'
import { found, fromJson, type StringMap } from './records.ts'
import type { Scope } from './scope.ts'
import type { Tables } from './tables.ts'

export type RuntimeStatus = 'Pending' | 'Running' | 'Finished' | 'Failed'

/** A runtime image that was registered, and how far fetching it has got. It can be used when it is `Finished`. */
export interface RuntimeRecord {
  readonly id: number
  /** The image without its tag. */
  readonly name: string
  /** The image's tag. */
  readonly version: string
  /** `python:3.6` and the like. */
  readonly modelTypes: readonly string[]
  readonly tags: readonly string[]
  readonly configParams: StringMap
  readonly status: RuntimeStatus
  readonly statusText: string | undefined
  readonly started: string
  readonly finished: string | undefined
}

export type NewRuntime = Pick<RuntimeRecord, 'name' | 'version' | 'modelTypes' | 'tags' | 'configParams'>

export interface Runtimes {
  list(filter?: Page & { readonly status?: RuntimeStatus | undefined }): Promise<readonly RuntimeRecord[]>
  get(id: number): Promise<RuntimeRecord | undefined>
  /** As `Pending`. Rejects ALREADY_EXISTS, unless what was registered by this name and version has failed. */
  register(runtime: NewRuntime): Promise<RuntimeRecord>
  /** Rejects NOT_FOUND, and FAILED_PRECONDITION once it is `Finished` or `Failed`. */
  setStatus(id: number, status: RuntimeStatus, statusText?: string): Promise<RuntimeRecord>
  /** Makes everything `Failed` that has not come to an end: for the start of a program. */
  failInterrupted(statusText: string): Promise<readonly RuntimeRecord[]>
}

const OPEN: readonly RuntimeStatus[] = ['Pending', 'Running']

export function createRuntimes(scope: Scope, now: () => Date): Runtimes {
  const get = (id: number) =>
    scope.read(async database => {
      const row = await database.selectFrom('runtimes').selectAll().where('id', '=', id).executeTakeFirst()
      return row === undefined ? undefined : toRuntime(row)
    })
  return {
    get,
    list(filter = {}) {
      const { limit, afterId } = checkPage(filter)
      return scope.read(async database => {
        let query = database.selectFrom('runtimes').selectAll().where('id', '>', afterId)
        if (filter.status !== undefined) query = query.where('status', '=', filter.status)
        return (await query.orderBy('id').limit(limit).execute()).map(toRuntime)
      })
    },
    register: ({ name, version, modelTypes, tags, configParams }) =>
      scope.write(async ({ database, record }) => {
        const row = await database
          .insertInto('runtimes')
          .values({
            name,
            version,
            model_types: JSON.stringify(modelTypes),
            tags: JSON.stringify(tags),
            config_params: JSON.stringify(configParams),
            status: 'Pending',
            status_text: null,
            started_at: now().toISOString(),
            finished_at: null,
          })
          .onConflict(conflict => conflict.doNothing())
          .returningAll()
          .executeTakeFirst()
        if (row === undefined) {
          throw new ServingError('ALREADY_EXISTS', `Runtime ${name}:${version} already exists`)
        }
        record({ entity: 'Runtime', action: 'CREATED', key: String(row.id) })
        return toRuntime(row)
      }),
    setStatus: (id, status, statusText) =>
      scope.write(async ({ database, record }) => {
        const row = await database
          .updateTable('runtimes')
          .set({
            status,
            status_text: statusText ?? null,
            finished_at: OPEN.includes(status) ? null : now().toISOString(),
          })
          .where('id', '=', id)
          .where('status', 'in', [...OPEN])
          .returningAll()
          .executeTakeFirst()
        if (row === undefined) {
          const query = database.selectFrom('runtimes').select('status').where('id', '=', id)
          const before = found(await query.executeTakeFirst(), `runtime id ${id}`)
          throw new ServingError('FAILED_PRECONDITION', `runtime id ${id} is ${before.status} already`)
        }
        record({ entity: 'Runtime', action: 'UPDATED', key: String(id) })
        return toRuntime(row)
      }),
    failInterrupted: statusText =>
      scope.write(async ({ database, record }) => {
        const rows = await database
          .updateTable('runtimes')
          .set({ status: 'Failed', status_text: statusText, finished_at: now().toISOString() })
          .where('status', 'in', [...OPEN])
          .returningAll()
          .execute()
        const failed = rows.map(toRuntime).toSorted((a, b) => a.id - b.id)
        for (const { id } of failed) record({ entity: 'Runtime', action: 'UPDATED', key: String(id) })
        return failed
      }),
  }
}

function toRuntime(row: Selectable<Tables['runtimes']>): RuntimeRecord {
  return {
    id: row.id,
    name: row.name,
    version: row.version,
    modelTypes: fromJson(row.model_types),
    tags: fromJson(row.tags),
    configParams: fromJson(row.config_params),
    status: row.status as RuntimeStatus,
    statusText: row.status_text ?? undefined,
    started: row.started_at,
    finished: row.finished_at ?? undefined,
  }
}
