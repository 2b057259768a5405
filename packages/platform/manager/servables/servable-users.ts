import type { ApplicationRecord, ServableRecord, StoreTables } from '../../store/index.ts'
import { ownerApplicationId } from './servable-owner.ts'

/** Who needs a servable. */
interface ServableUsers {
  readonly applications: readonly string[]
  /** Names of metric specifications. */
  readonly metrics: readonly string[]
}

export async function usersOf(tables: StoreTables, servable: ServableRecord): Promise<ServableUsers> {
  const candidates = new Map<number, ApplicationRecord>()
  for (const application of await tables.applications.list({ usesVersionId: servable.versionId })) {
    candidates.set(application.id, application)
  }
  // The stages before an update may be of versions that it names no longer.
  const ownerId = ownerApplicationId(servable)
  const owner = ownerId === undefined ? undefined : await tables.applications.get(ownerId)
  if (owner !== undefined) candidates.set(owner.id, owner)
  const metrics = await tables.metricSpecifications.list()
  return {
    applications: [...candidates.values()]
      .filter(application => servableNames(application).has(servable.fullName))
      .map(({ name }) => name),
    metrics: metrics.filter(({ servableName }) => servableName === servable.fullName).map(({ name }) => name),
  }
}

/** Those of an application's stages, and of the ones that answer while it is updated. */
export function servableNames({ graph }: ApplicationRecord): ReadonlySet<string> {
  const stages = [...graph.stages, ...(graph.previous?.stages ?? [])]
  return new Set(
    stages.flatMap(stage => stage.modelVariants.flatMap(({ servableName }) => servableName ?? [])),
  )
}
