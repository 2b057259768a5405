import { ServingError } from '@millrace/sdk'
import type { DeploymentConfigurationView } from '@millrace/sdk/client'
import { type DeploymentConfigurationResource, diffResources } from '../../../resources/index.ts'
import { CommandFailure } from '../../command-failure.ts'
import { EXIT } from '../../exit-codes.ts'
import type { Applying } from './apply-model.ts'

/**
 * Creates a deployment configuration; one that is there and equal is fine.
 *
 * Rejects with a `CommandFailure` that says what differs for one that is there and another, as they never change.
 */
export async function applyDeploymentConfiguration(
  { manager, report }: Pick<Applying, 'manager' | 'report'>,
  resource: DeploymentConfigurationResource,
): Promise<DeploymentConfigurationView> {
  const { name, settings } = resource
  const existing = await manager.deploymentConfigurations.get(name).catch((error: unknown) => {
    if (ServingError.is(error) && error.code === 'NOT_FOUND') return undefined
    throw error
  })
  if (existing === undefined) {
    const created = await manager.deploymentConfigurations.create({ name, ...settings })
    report.done(`deployment configuration ${name} created`)
    return created
  }
  const { name: _, ...there } = existing
  const withSettings = (value: object) => ({ ...resource, settings: withoutEmpty(value) as typeof settings })
  const changes = diffResources(withSettings(there), withSettings(settings))
  if (changes.length === 0) {
    report.note(`deployment configuration ${name} is there already`)
    return existing
  }
  const differences = changes.map(
    ({ path, before, after }) =>
      `${path.replace(/^settings\./, '')} is ${shown(before)} there and ${shown(after)} here`,
  )
  throw new CommandFailure(
    `deployment configuration ${name} is there already and another: ${differences.join('; ')}. They never change: ` +
      `give this one another name, or delete the other with millrace delete deployment-configuration ${name}`,
    EXIT.request,
  )
}

function shown(value: unknown): string {
  return value === undefined ? 'not set' : JSON.stringify(value)
}

/** Servers differ in what they write for what was not said: nothing, or something empty. */
function withoutEmpty(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const members = Object.entries(value)
    .map(([name, member]) => [name, withoutEmpty(member)] as const)
    .filter(([, member]) => !isEmpty(member))
  return Object.fromEntries(members)
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
