import { randomUUID } from 'node:crypto'
import type { Selectable } from 'kysely'
import { found } from './records.ts'
import type { Scope } from './scope.ts'
import type { Tables } from './tables.ts'

/** How a metric's value is held against its threshold: healthy is `value <operator> threshold`. */
export type ThresholdOperator = 'Eq' | 'NotEq' | 'Greater' | 'Less' | 'GreaterEq' | 'LessEq'

/** A model version watched by another. */
export interface MetricSpecificationRecord {
  /** A UUID. */
  readonly id: string
  readonly name: string
  /** The version that is watched. */
  readonly versionId: number
  /** The version that gives the value. */
  readonly metricVersionId: number
  readonly threshold: number
  readonly operator: ThresholdOperator
  readonly deploymentConfiguration: string | undefined
  /** The servable of the metric's version; `undefined` while there is none. */
  readonly servableName: string | undefined
  readonly created: string
}

export interface NewMetricSpecification {
  readonly name: string
  readonly versionId: number
  readonly metricVersionId: number
  readonly threshold: number
  readonly operator: ThresholdOperator
  readonly deploymentConfiguration?: string | undefined
}

export interface MetricSpecifications {
  list(filter?: { readonly versionId?: number | undefined }): Promise<readonly MetricSpecificationRecord[]>
  get(id: string): Promise<MetricSpecificationRecord | undefined>
  /** Rejects NOT_FOUND for a version or a deployment configuration that is not there. */
  create(specification: NewMetricSpecification): Promise<MetricSpecificationRecord>
  /** Rejects NOT_FOUND. */
  setServable(id: string, servableName: string | undefined): Promise<MetricSpecificationRecord>
  /** Rejects NOT_FOUND. Its servable stays. */
  delete(id: string): Promise<MetricSpecificationRecord>
}

export function createMetricSpecifications(scope: Scope, now: () => Date): MetricSpecifications {
  return {
    list: ({ versionId } = {}) =>
      scope.read(async database => {
        let query = database.selectFrom('metric_specifications').selectAll()
        if (versionId !== undefined) query = query.where('version_id', '=', versionId)
        return (await query.orderBy('created_at').orderBy('id').execute()).map(toSpecification)
      }),
    get: id =>
      scope.read(async database => {
        const query = database.selectFrom('metric_specifications').selectAll().where('id', '=', id)
        const row = await query.executeTakeFirst()
        return row === undefined ? undefined : toSpecification(row)
      }),
    create: ({ name, versionId, metricVersionId, threshold, operator, deploymentConfiguration }) =>
      scope.write(async ({ database, record }) => {
        for (const id of [versionId, metricVersionId]) {
          const query = database.selectFrom('model_versions').select('id').where('id', '=', id)
          found(await query.executeTakeFirst(), `a model version with id ${id}`)
        }
        if (deploymentConfiguration !== undefined) {
          const query = database
            .selectFrom('deployment_configurations')
            .select('name')
            .where('name', '=', deploymentConfiguration)
          found(await query.executeTakeFirst(), `DeploymentConfiguration ${deploymentConfiguration}`)
        }
        const row = await database
          .insertInto('metric_specifications')
          .values({
            id: randomUUID(),
            name,
            version_id: versionId,
            metric_version_id: metricVersionId,
            threshold,
            operator,
            deployment_configuration: deploymentConfiguration ?? null,
            servable_name: null,
            created_at: now().toISOString(),
          })
          .returningAll()
          .executeTakeFirstOrThrow()
        record({ entity: 'MetricSpecification', action: 'CREATED', key: row.id })
        return toSpecification(row)
      }),
    setServable: (id, servableName) =>
      scope.write(async ({ database, record }) => {
        const row = await database
          .updateTable('metric_specifications')
          .set({ servable_name: servableName ?? null })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirst()
        const specification = toSpecification(found(row, `metricspec id=${id}`))
        record({ entity: 'MetricSpecification', action: 'UPDATED', key: id })
        return specification
      }),
    delete: id =>
      scope.write(async ({ database, record }) => {
        const query = database.deleteFrom('metric_specifications').where('id', '=', id).returningAll()
        const row = found(await query.executeTakeFirst(), `metricspec id=${id}`)
        record({ entity: 'MetricSpecification', action: 'DELETED', key: id })
        return toSpecification(row)
      }),
  }
}

function toSpecification(row: Selectable<Tables['metric_specifications']>): MetricSpecificationRecord {
  return {
    id: row.id,
    name: row.name,
    versionId: row.version_id,
    metricVersionId: row.metric_version_id,
    threshold: row.threshold,
    operator: row.operator as ThresholdOperator,
    deploymentConfiguration: row.deployment_configuration ?? undefined,
    servableName: row.servable_name ?? undefined,
    created: row.created_at,
  }
}
