import { ServingError } from '@millrace/sdk'
import type {
  ApplicationRecord,
  ApplicationStage,
  ModelVersionRecord,
  ServableRecord,
  StoreTables,
} from '../store/index.ts'
import { allPages } from './all-pages.ts'
import { describe } from './applications/settle-application.ts'
import { metricOwner } from './metric-specifications/metric-registry.ts'
import { checkDeployable } from './servables/check-deployable.ts'
import { createServable } from './servables/create-servable.ts'
import { applicationOwner, ownerApplicationId, ownerMetricId } from './servables/servable-owner.ts'
import type { RunOrder } from './servables/servable-runs.ts'
import { servableNames } from './servables/servable-users.ts'
import type { ServingParts } from './serving-parts.ts'

/**
 * Begins a life of the manager: whatever the store says should run is given to the driver again, by the names it had;
 * what an unfinished update or removal left behind goes; applications and metrics that lack a servable get one, or fail
 * with the reason. All that is noted in one step, so that a life that ends in the middle of it changes nothing.
 */
export async function reconcile({
  store,
  runs,
  routing,
  pickName,
  inTurn,
  log,
}: ServingParts): Promise<void> {
  const { applications, orders, removed } = await inTurn(() =>
    store.transaction(async tables => {
      const removed = await removeLeftovers(tables)
      await mendMetrics(tables, pickName)
      const mended = await mendApplications(tables, pickName)
      await restartServables(tables)
      const applications = await resetApplications(tables, mended)
      return { applications, orders: await ordersOf(tables), removed }
    }),
  )
  if (removed.length > 0)
    log.info('servables that nothing needs any more were removed', { servables: removed })
  for (const application of applications) routing.setApplication(application)
  for (const order of orders) runs.start(order)
}

type PickName = ServingParts['pickName']

async function removeLeftovers(tables: StoreTables): Promise<readonly string[]> {
  const applications = await allPages(page => tables.applications.list(page))
  const namesById = new Map(applications.map(application => [application.id, servableNames(application)]))
  const metrics = await tables.metricSpecifications.list()
  const nameByMetric = new Map(metrics.map(({ id, servableName }) => [id, servableName]))
  const removed: string[] = []
  for (const servable of await allPages(page => tables.servables.list(page))) {
    const { fullName } = servable
    const applicationId = ownerApplicationId(servable)
    const metricId = ownerMetricId(servable)
    const isNeeded =
      applicationId !== undefined
        ? namesById.get(applicationId)?.has(fullName) === true
        : metricId === undefined || nameByMetric.get(metricId) === fullName
    if (isNeeded) continue
    await tables.servables.delete(fullName)
    removed.push(fullName)
  }
  return removed
}

async function mendMetrics(tables: StoreTables, pickName: PickName): Promise<void> {
  for (const { id, name, servableName, ...specification } of await tables.metricSpecifications.list()) {
    if (servableName !== undefined && (await tables.servables.find(servableName)) !== undefined) continue
    const watched = await tables.modelVersions.get(specification.versionId)
    const version = await tables.modelVersions.get(specification.metricVersionId)
    if (watched === undefined || version === undefined || whyNotDeployable(version) !== undefined) continue
    const configuration = await configurationOf(tables, specification.deploymentConfiguration)
    const made = await createServable(tables, pickName, {
      version,
      configuration,
      metadata: metricOwner({ id, name }, watched),
    })
    await tables.metricSpecifications.setServable(id, made.record.fullName)
  }
}

/** The reasons of those that cannot be mended, by id. */
async function mendApplications(
  tables: StoreTables,
  pickName: PickName,
): Promise<ReadonlyMap<number, string>> {
  const there = new Set((await allPages(page => tables.servables.list(page))).map(({ fullName }) => fullName))
  const reasons = new Map<number, string>()
  for (const application of await allPages(page => tables.applications.list(page))) {
    const lacks = application.graph.stages.some(stage =>
      stage.modelVariants.some(({ servableName }) => servableName === undefined || !there.has(servableName)),
    )
    if (!lacks) continue
    const stages: ApplicationStage[] = []
    for (const stage of application.graph.stages) {
      const modelVariants: ApplicationStage['modelVariants'][number][] = []
      for (const variant of stage.modelVariants) {
        if (variant.servableName !== undefined && there.has(variant.servableName)) {
          modelVariants.push(variant)
          continue
        }
        const version = await tables.modelVersions.get(variant.modelVersionId)
        const reason = version === undefined ? undefined : whyNotDeployable(version)
        if (version === undefined || reason !== undefined) {
          reasons.set(application.id, reason ?? `there is no modelversion id ${variant.modelVersionId}`)
          modelVariants.push({ ...variant, servableName: undefined })
          continue
        }
        const made = await createServable(tables, pickName, {
          version,
          configuration: await configurationOf(tables, variant.deploymentConfigurationName),
          metadata: applicationOwner(application),
        })
        modelVariants.push({ ...variant, servableName: made.record.fullName })
      }
      stages.push({ ...stage, modelVariants })
    }
    await tables.applications.setState(application.id, {
      status: 'Assembling',
      graph: { ...application.graph, stages },
    })
  }
  return reasons
}

async function restartServables(tables: StoreTables): Promise<void> {
  for (const { fullName, status } of await allPages(page => tables.servables.list(page))) {
    if (status === 'Starting') continue
    await tables.servables.setState(fullName, { status: 'Starting', statusMessage: 'Initialization' })
  }
}

async function resetApplications(
  tables: StoreTables,
  reasons: ReadonlyMap<number, string>,
): Promise<readonly ApplicationRecord[]> {
  const servables = await allPages(page => tables.servables.list(page))
  const byName = new Map(servables.map(servable => [servable.fullName, servable]))
  const reset: ApplicationRecord[] = []
  for (const application of await allPages(page => tables.applications.list(page))) {
    const own = [...servableNames(application)].flatMap((name): readonly ServableRecord[] => {
      const servable = byName.get(name)
      return servable === undefined ? [] : [servable]
    })
    const reason = reasons.get(application.id)
    const { status, statusMessage } =
      reason === undefined ? describe(application, own) : { status: 'Failed' as const, statusMessage: reason }
    const isSame = status === application.status && statusMessage === application.statusMessage
    reset.push(
      isSame ? application : await tables.applications.setState(application.id, { status, statusMessage }),
    )
  }
  return reset
}

async function ordersOf(tables: StoreTables): Promise<readonly RunOrder[]> {
  const servables = await allPages(page => tables.servables.list(page))
  const configurations = new Map(
    (await tables.deploymentConfigurations.list()).map(configuration => [configuration.name, configuration]),
  )
  const versions = new Map<number, ModelVersionRecord>()
  const orders: RunOrder[] = []
  for (const { fullName, versionId, deploymentConfiguration } of servables) {
    const version = versions.get(versionId) ?? (await tables.modelVersions.get(versionId))
    if (version === undefined) continue
    versions.set(versionId, version)
    orders.push({
      fullName,
      version,
      configuration:
        deploymentConfiguration === undefined ? undefined : configurations.get(deploymentConfiguration),
    })
  }
  return orders
}

async function configurationOf(tables: StoreTables, name: string | undefined) {
  return name === undefined ? undefined : tables.deploymentConfigurations.find(name)
}

/** Why a version cannot be deployed; `undefined` if it can. */
function whyNotDeployable(version: ModelVersionRecord): string | undefined {
  try {
    checkDeployable(version)
    return undefined
  } catch (error) {
    return ServingError.is(error) ? error.message : String(error)
  }
}
