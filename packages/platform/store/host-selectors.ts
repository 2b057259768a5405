import { ServingError } from '@millrace/sdk'
import { found, fromJson, type StringMap } from './records.ts'
import type { Scope } from './scope.ts'

/** Where servables may run, by the labels of machines: version 1 of the API calls it an environment. */
export interface HostSelectorRecord {
  readonly id: number
  readonly name: string
  readonly nodeSelector: StringMap
}

export interface HostSelectors {
  list(): Promise<readonly HostSelectorRecord[]>
  find(name: string): Promise<HostSelectorRecord | undefined>
  /** Rejects ALREADY_EXISTS. */
  create(selector: Omit<HostSelectorRecord, 'id'>): Promise<HostSelectorRecord>
  /** Rejects NOT_FOUND. */
  delete(name: string): Promise<HostSelectorRecord>
}

export function createHostSelectors(scope: Scope): HostSelectors {
  return {
    list: () =>
      scope.read(async database =>
        (await database.selectFrom('host_selectors').selectAll().orderBy('id').execute()).map(toSelector),
      ),
    find: name =>
      scope.read(async database => {
        const query = database.selectFrom('host_selectors').selectAll().where('name', '=', name)
        const row = await query.executeTakeFirst()
        return row === undefined ? undefined : toSelector(row)
      }),
    create: ({ name, nodeSelector }) =>
      scope.write(async ({ database, record }) => {
        const row = await database
          .insertInto('host_selectors')
          .values({ name, node_selector: JSON.stringify(nodeSelector) })
          .onConflict(conflict => conflict.column('name').doNothing())
          .returningAll()
          .executeTakeFirst()
        if (row === undefined) throw new ServingError('ALREADY_EXISTS', `HostSelector ${name} already exists`)
        record({ entity: 'HostSelector', action: 'CREATED', key: name })
        return toSelector(row)
      }),
    delete: name =>
      scope.write(async ({ database, record }) => {
        const query = database.deleteFrom('host_selectors').where('name', '=', name).returningAll()
        const row = found(await query.executeTakeFirst(), `HostSelector ${name}`)
        record({ entity: 'HostSelector', action: 'DELETED', key: name })
        return toSelector(row)
      }),
  }
}

function toSelector(row: { id: number; name: string; node_selector: string }): HostSelectorRecord {
  return { id: row.id, name: row.name, nodeSelector: fromJson(row.node_selector) }
}
