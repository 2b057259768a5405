import type {
  ApplicationRecord,
  MetricSpecificationRecord,
  ModelVersionRecord,
  ServableRecord,
  StoreTables,
} from '../../store/index.ts'

/** A servable with what its message says of its version. */
export interface ServableEntity {
  readonly record: ServableRecord
  readonly version: ModelVersionRecord
  /** Percent; 100 outside of applications. */
  readonly weight: number
}

export interface ApplicationEntity {
  readonly record: ApplicationRecord
  /** By stage. */
  readonly stages: readonly (readonly ServableEntity[])[]
}

export interface MetricEntity {
  readonly record: MetricSpecificationRecord
  readonly servable: ServableEntity | undefined
}

const ALL = 100

/** Looks up what messages say besides the records themselves; what has gone meanwhile is left out. */
export async function servableEntities(
  store: StoreTables,
  records: readonly ServableRecord[],
): Promise<readonly ServableEntity[]> {
  const ids = [...new Set(records.map(({ versionId }) => versionId))]
  const versions = new Map((await store.modelVersions.list({ ids })).map(version => [version.id, version]))
  return records.flatMap(record => {
    const version = versions.get(record.versionId)
    return version === undefined ? [] : [{ record, version, weight: ALL }]
  })
}

export async function applicationEntities(
  store: StoreTables,
  records: readonly ApplicationRecord[],
): Promise<readonly ApplicationEntity[]> {
  const variants = records.flatMap(({ graph }) => graph.stages.flatMap(stage => stage.modelVariants))
  const byName = await servablesByName(
    store,
    variants.map(({ servableName }) => servableName),
  )
  return records.map(record => ({
    record,
    stages: record.graph.stages.map(stage =>
      stage.modelVariants.flatMap(({ servableName, weight }) => {
        const servable = servableName === undefined ? undefined : byName.get(servableName)
        return servable === undefined ? [] : [{ ...servable, weight }]
      }),
    ),
  }))
}

export async function metricEntities(
  store: StoreTables,
  records: readonly MetricSpecificationRecord[],
): Promise<readonly MetricEntity[]> {
  const byName = await servablesByName(
    store,
    records.map(({ servableName }) => servableName),
  )
  return records.map(record => ({
    record,
    servable: record.servableName === undefined ? undefined : byName.get(record.servableName),
  }))
}

async function servablesByName(
  store: StoreTables,
  names: readonly (string | undefined)[],
): Promise<ReadonlyMap<string, ServableEntity>> {
  const fullNames = [...new Set(names.filter(name => name !== undefined))]
  const entities = await servableEntities(store, await store.servables.list({ fullNames }))
  return new Map(entities.map(entity => [entity.record.fullName, entity]))
}
