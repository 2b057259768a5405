import { ServingError } from '@millrace/sdk'
import type { DeploymentConfigurationRecord, ModelVersionRecord, StoreTables } from '../../store/index.ts'
import { DEFAULT_CONFIGURATION } from '../deployment-configurations/configuration-settings.ts'

/** @throws ServingError FAILED_PRECONDITION for a version that runs elsewhere, or is not released */
export function checkDeployable({ modelName, version, isExternal, status }: ModelVersionRecord): void {
  if (isExternal) {
    throw new ServingError(
      'FAILED_PRECONDITION',
      `Can't deploy external ModelVersion ${modelName}:${version}`,
    )
  }
  if (status === 'Released') return
  throw new ServingError(
    'FAILED_PRECONDITION',
    `Can't deploy non-released ModelVersion: ${modelName}:${version} - ${status}`,
  )
}

/** `undefined` for the platform's default, named or not. Rejects NOT_FOUND for one that is not there. */
export async function findConfiguration(
  tables: StoreTables,
  name: string | null | undefined,
): Promise<DeploymentConfigurationRecord | undefined> {
  if (name === null || name === undefined || name === '' || name === DEFAULT_CONFIGURATION) return undefined
  const configuration = await tables.deploymentConfigurations.find(name)
  if (configuration !== undefined) return configuration
  throw new ServingError('NOT_FOUND', `Can't find DeploymentConfiguration ${name}`)
}
