import { ServingError } from '@millrace/sdk'
import type { DeploymentSettings } from './deployment-settings.ts'
import { found, fromJson } from './records.ts'
import type { Scope } from './scope.ts'

/** How servables run. Never changed; the platform's own default has no row. */
export interface DeploymentConfigurationRecord {
  readonly name: string
  readonly settings: DeploymentSettings
  readonly created: string
}

export interface DeploymentConfigurations {
  list(): Promise<readonly DeploymentConfigurationRecord[]>
  find(name: string): Promise<DeploymentConfigurationRecord | undefined>
  /** Rejects ALREADY_EXISTS. */
  create(
    configuration: Omit<DeploymentConfigurationRecord, 'created'>,
  ): Promise<DeploymentConfigurationRecord>
  /** Rejects NOT_FOUND, and FAILED_PRECONDITION while a servable or a metric specification names it. */
  delete(name: string): Promise<DeploymentConfigurationRecord>
}

export function createDeploymentConfigurations(scope: Scope, now: () => Date): DeploymentConfigurations {
  return {
    list: () =>
      scope.read(async database => {
        const query = database.selectFrom('deployment_configurations').selectAll().orderBy('name')
        return (await query.execute()).map(toConfiguration)
      }),
    find: name =>
      scope.read(async database => {
        const query = database.selectFrom('deployment_configurations').selectAll().where('name', '=', name)
        const row = await query.executeTakeFirst()
        return row === undefined ? undefined : toConfiguration(row)
      }),
    create: ({ name, settings }) =>
      scope.write(async ({ database, record }) => {
        const row = await database
          .insertInto('deployment_configurations')
          .values({ name, settings: JSON.stringify(settings), created_at: now().toISOString() })
          .onConflict(conflict => conflict.column('name').doNothing())
          .returningAll()
          .executeTakeFirst()
        if (row === undefined) {
          throw new ServingError('ALREADY_EXISTS', `DeploymentConfiguration ${name} already exists`)
        }
        record({ entity: 'DeploymentConfiguration', action: 'CREATED', key: name })
        return toConfiguration(row)
      }),
    delete: name =>
      scope.write(async ({ database, record }) => {
        const users = await database
          .selectFrom('servables')
          .select('full_name as name')
          .where('deployment_configuration', '=', name)
          .union(
            database
              .selectFrom('metric_specifications')
              .select('name')
              .where('deployment_configuration', '=', name),
          )
          .orderBy('name')
          .execute()
        if (users.length > 0) {
          throw new ServingError(
            'FAILED_PRECONDITION',
            `Can't delete DeploymentConfiguration ${name}. It's used in [${users.map(user => user.name).join(', ')}].`,
          )
        }
        const query = database.deleteFrom('deployment_configurations').where('name', '=', name).returningAll()
        const row = found(await query.executeTakeFirst(), `DeploymentConfiguration ${name}`)
        record({ entity: 'DeploymentConfiguration', action: 'DELETED', key: name })
        return toConfiguration(row)
      }),
  }
}

function toConfiguration(row: {
  name: string
  settings: string
  created_at: string
}): DeploymentConfigurationRecord {
  return { name: row.name, settings: fromJson(row.settings), created: row.created_at }
}
