import type { ApplicationStage, ServableRecord, StoreTables } from '../../store/index.ts'
import { createServable } from '../servables/create-servable.ts'
import type { PickName } from '../servables/servable-names.ts'
import { applicationOwner } from '../servables/servable-owner.ts'
import type { RunOrder } from '../servables/servable-runs.ts'
import type { ApplicationPlan } from './plan-application.ts'

interface StaffedStages {
  readonly stages: readonly ApplicationStage[]
  /** Servables that were made for them, to be started when that is committed. */
  readonly orders: readonly RunOrder[]
}

/**
 * Gives every variant a servable: one of those that are there already and fit, each of them once, or a new one.
 */
export async function staffStages(
  tables: StoreTables,
  pickName: PickName,
  { stages, versions }: ApplicationPlan,
  application: { readonly id: number; readonly name: string },
  reusable: readonly ServableRecord[] = [],
): Promise<StaffedStages> {
  const free = [...reusable]
  const orders: RunOrder[] = []
  const staffed: ApplicationStage[] = []
  for (const stage of stages) {
    const modelVariants: ApplicationStage['modelVariants'][number][] = []
    for (const variant of stage.modelVariants) {
      const { modelVersionId, deploymentConfigurationName: configurationName } = variant
      const fits = free.findIndex(
        ({ versionId, deploymentConfiguration }) =>
          versionId === modelVersionId && deploymentConfiguration === configurationName,
      )
      const [kept] = fits === -1 ? [] : free.splice(fits, 1)
      if (kept !== undefined) {
        modelVariants.push({ ...variant, servableName: kept.fullName })
        continue
      }
      const { record, order } = await createServable(tables, pickName, {
        version: versions.get(modelVersionId)!,
        configuration:
          configurationName === undefined
            ? undefined
            : await tables.deploymentConfigurations.find(configurationName),
        metadata: applicationOwner(application),
      })
      orders.push(order)
      modelVariants.push({ ...variant, servableName: record.fullName })
    }
    staffed.push({ ...stage, modelVariants })
  }
  return { stages: staffed, orders }
}
