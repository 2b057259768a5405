import { ServingError } from '@millrace/sdk'
import type { Transaction } from 'kysely'
import { checkPage, type Page } from './page.ts'
import { found } from './records.ts'
import type { Scope } from './scope.ts'
import type { Tables } from './tables.ts'

/** The name that groups versions. It comes into being with its first version. */
export interface ModelRecord {
  readonly id: number
  readonly name: string
  readonly created: string
}

export interface Models {
  list(page?: Page): Promise<readonly ModelRecord[]>
  get(id: number): Promise<ModelRecord | undefined>
  find(name: string): Promise<ModelRecord | undefined>
  /**
   * Removes a model with its versions, their logs and the metric specifications that watch them.
   * Rejects NOT_FOUND, and FAILED_PRECONDITION while an application, a servable or another model's metric uses one.
   */
  delete(id: number): Promise<ModelRecord>
}

export function createModels(scope: Scope): Models {
  return {
    list(page = {}) {
      const { limit, afterId } = checkPage(page)
      return scope.read(async database => {
        const query = database.selectFrom('models').selectAll().where('id', '>', afterId)
        return (await query.orderBy('id').limit(limit).execute()).map(toModel)
      })
    },
    get: id =>
      scope.read(async database => {
        const row = await database.selectFrom('models').selectAll().where('id', '=', id).executeTakeFirst()
        return row === undefined ? undefined : toModel(row)
      }),
    find: name =>
      scope.read(async database => {
        const row = await database
          .selectFrom('models')
          .selectAll()
          .where('name', '=', name)
          .executeTakeFirst()
        return row === undefined ? undefined : toModel(row)
      }),
    delete: id =>
      scope.write(async ({ database, record }) => {
        const row = await database.selectFrom('models').selectAll().where('id', '=', id).executeTakeFirst()
        const model = toModel(found(row, `model id ${id}`))
        await refuseWhileUsed(database, model)
        const versions = await database
          .selectFrom('model_versions')
          .select('id')
          .where('model_id', '=', id)
          .orderBy('id')
          .execute()
        const specifications = await database
          .deleteFrom('metric_specifications')
          .where(
            'version_id',
            'in',
            database.selectFrom('model_versions').select('id').where('model_id', '=', id),
          )
          .returning('id')
          .execute()
        await database.deleteFrom('models').where('id', '=', id).execute()
        for (const { id: key } of specifications)
          record({ entity: 'MetricSpecification', action: 'DELETED', key })
        for (const { id: key } of versions)
          record({ entity: 'ModelVersion', action: 'DELETED', key: String(key) })
        record({ entity: 'Model', action: 'DELETED', key: model.name })
        return model
      }),
  }
}

function toModel({
  id,
  name,
  created_at: created,
}: {
  id: number
  name: string
  created_at: string
}): ModelRecord {
  return { id, name, created }
}

async function refuseWhileUsed(database: Transaction<Tables>, { id }: ModelRecord): Promise<void> {
  const applications = await database
    .selectFrom('application_versions')
    .innerJoin('applications', 'applications.id', 'application_versions.application_id')
    .innerJoin('model_versions', 'model_versions.id', 'application_versions.version_id')
    .select('applications.name')
    .distinct()
    .where('model_versions.model_id', '=', id)
    .orderBy('applications.name')
    .execute()
  const servables = await database
    .selectFrom('servables')
    .innerJoin('model_versions', 'model_versions.id', 'servables.version_id')
    .select('servables.full_name as name')
    .where('model_versions.model_id', '=', id)
    .orderBy('servables.id')
    .execute()
  const metrics = await database
    .selectFrom('metric_specifications')
    .innerJoin('model_versions as metric', 'metric.id', 'metric_specifications.metric_version_id')
    .innerJoin('model_versions as watched', 'watched.id', 'metric_specifications.version_id')
    .select('metric_specifications.name')
    .where('metric.model_id', '=', id)
    .where('watched.model_id', '!=', id)
    .orderBy('metric_specifications.name')
    .execute()
  const users = applications.length > 0 ? applications : servables.length > 0 ? servables : metrics
  if (users.length === 0) return
  const what = users === applications ? '' : users === servables ? 'servables ' : 'metric specifications '
  throw new ServingError(
    'FAILED_PRECONDITION',
    `Can't delete the model. It's used in ${what}[${users.map(user => user.name).join(', ')}].`,
  )
}
