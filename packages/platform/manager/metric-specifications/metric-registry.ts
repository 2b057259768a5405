import { ServingError } from '@millrace/sdk'
import type {
  MetricSpecificationRecord,
  ModelVersionRecord,
  NewMetricSpecification,
  StoreTables,
  StringMap,
} from '../../store/index.ts'
import { allPages } from '../all-pages.ts'
import { checkDeployable, findConfiguration } from '../servables/check-deployable.ts'
import { createServable } from '../servables/create-servable.ts'
import { ownerMetricId } from '../servables/servable-owner.ts'
import { usersOf } from '../servables/servable-users.ts'
import type { ServingParts } from '../serving-parts.ts'

/** Metric specifications: model versions that watch others, each with a servable of its own. */
export interface MetricRegistry {
  list(filter?: { readonly versionId?: number | undefined }): Promise<readonly MetricSpecificationRecord[]>
  /** Rejects NOT_FOUND. */
  get(id: string): Promise<MetricSpecificationRecord>
  /**
   * Notes it with its servable, and has that started. Rejects NOT_FOUND for versions and configurations that are not
   * there, FAILED_PRECONDITION for a metric version that cannot be deployed.
   */
  create(request: NewMetricSpecification): Promise<MetricSpecificationRecord>
  /** Removes it and its servable. Rejects NOT_FOUND. */
  remove(id: string): Promise<MetricSpecificationRecord>
  /** Stops the servables of a specification that went with the model that it watched. */
  removeServables(id: string): Promise<void>
}

export function createMetricRegistry({
  store,
  runs,
  inTurn,
  pickName,
  graces,
}: ServingParts): MetricRegistry {
  return {
    list: filter => store.metricSpecifications.list(filter),
    get: id => findMetric(store, id),
    create: request =>
      inTurn(async () => {
        const { specification, order } = await store.transaction(async tables => {
          const watched = await findVersion(tables, request.versionId)
          const metric = await findVersion(tables, request.metricVersionId)
          checkMetricVersion(metric)
          const configuration = await findConfiguration(tables, request.deploymentConfiguration)
          const { id, name } = await tables.metricSpecifications.create({
            ...request,
            deploymentConfiguration: configuration?.name,
          })
          const metadata = metricOwner({ id, name }, watched)
          const made = await createServable(tables, pickName, { version: metric, configuration, metadata })
          const specification = await tables.metricSpecifications.setServable(id, made.record.fullName)
          return { specification, order: made.order }
        })
        runs.start(order)
        return specification
      }),
    remove: id =>
      inTurn(async () => {
        const { specification, stopped } = await store.transaction(async tables => {
          await findMetric(tables, id)
          const specification = await tables.metricSpecifications.delete(id)
          const { servableName } = specification
          const stopped = servableName === undefined ? [] : await deleteUnused(tables, [servableName])
          return { specification, stopped }
        })
        for (const fullName of stopped) void runs.stop(fullName, graces.stopMs)
        return specification
      }),
    removeServables: id =>
      inTurn(async () => {
        const stopped = await store.transaction(async tables => {
          const servables = await allPages(page => tables.servables.list(page))
          const owned = servables.filter(servable => ownerMetricId(servable) === id)
          return deleteUnused(
            tables,
            owned.map(({ fullName }) => fullName),
          )
        })
        for (const fullName of stopped) void runs.stop(fullName, graces.stopMs)
      }),
  }
}

/** The metadata of a metric's servable. */
export function metricOwner(
  { id, name }: { readonly id: string; readonly name: string },
  watched: ModelVersionRecord,
): StringMap {
  return {
    'metric-spec-id': id,
    'metric-spec-name': name,
    'metric-spec-target-id': String(watched.id),
    'metric-spec-target-name': `${watched.modelName}:${watched.version}`,
  }
}

async function findMetric(tables: StoreTables, id: string): Promise<MetricSpecificationRecord> {
  const specification = await tables.metricSpecifications.get(id)
  if (specification !== undefined) return specification
  throw new ServingError('NOT_FOUND', `Can't find metricspec id=${id}`)
}

async function findVersion(tables: StoreTables, id: number): Promise<ModelVersionRecord> {
  const version = await tables.modelVersions.get(id)
  if (version !== undefined) return version
  throw new ServingError('NOT_FOUND', `Can't find a model version with id ${id}`)
}

function checkMetricVersion(version: ModelVersionRecord): void {
  if (version.status === 'Released') return checkDeployable(version)
  throw new ServingError(
    'FAILED_PRECONDITION',
    `Can't create a Servable for a model version with status ${version.status}: ${version.modelName}:${version.version}`,
  )
}

async function deleteUnused(tables: StoreTables, fullNames: readonly string[]): Promise<readonly string[]> {
  const deleted: string[] = []
  for (const servable of await tables.servables.list({ fullNames })) {
    const { applications, metrics } = await usersOf(tables, servable)
    if (applications.length > 0 || metrics.length > 0) continue
    await tables.servables.delete(servable.fullName)
    deleted.push(servable.fullName)
  }
  return deleted
}
