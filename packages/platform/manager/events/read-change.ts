import type { Change, StoreTables } from '../../store/index.ts'
import type { ManagerEvent } from './manager-event.ts'

/** What a change of the store is to clients; `undefined` if it is nothing to them, or was undone meanwhile. */
export async function readChange(
  { entity, action, key }: Change,
  store: StoreTables,
): Promise<ManagerEvent | undefined> {
  const isGone = action === 'DELETED'
  switch (entity) {
    case 'ModelVersion': {
      if (isGone) return { type: 'ModelRemove', versionId: Number(key) }
      const version = await store.modelVersions.get(Number(key))
      // The row may be newer than the change: what came after it has a change of its own.
      if (version === undefined || version.status === 'Assembling') return undefined
      if (action === 'CREATED' && !version.isExternal) return undefined
      return { type: 'ModelUpdate', version }
    }
    case 'Application': {
      if (isGone) return { type: 'ApplicationRemove', name: key }
      const application = await store.applications.find(key)
      return application && { type: 'ApplicationUpdate', application }
    }
    case 'Servable': {
      if (isGone) return { type: 'ServableRemove', fullName: key }
      const servable = await store.servables.find(key)
      return servable && { type: 'ServableUpdate', servable }
    }
    case 'MetricSpecification': {
      if (isGone) return { type: 'MetricSpecRemove', id: key }
      const specification = await store.metricSpecifications.get(key)
      return specification && { type: 'MetricSpecUpdate', specification }
    }
    case 'DeploymentConfiguration': {
      if (isGone) return { type: 'DeploymentConfigurationRemove', name: key }
      const configuration = await store.deploymentConfigurations.find(key)
      return configuration && { type: 'DeploymentConfigurationUpdate', configuration }
    }
    default:
      return undefined
  }
}
