import type { ServableRecord, StringMap } from '../../store/index.ts'
import { DEFAULT_CONFIGURATION } from '../deployment-configurations/configuration-settings.ts'

/** A servable as clients see it. */
export interface ServableView {
  readonly modelVersionId: number
  readonly status: ServableRecord['status']
  readonly statusMessage: string | null
  readonly fullName: string
  readonly metadata: StringMap
  readonly deploymentConfigurationName: string
}

export function servableView(servable: ServableRecord): ServableView {
  const { versionId, status, statusMessage, fullName, metadata, deploymentConfiguration } = servable
  return {
    modelVersionId: versionId,
    status,
    statusMessage: statusMessage ?? null,
    fullName,
    metadata,
    deploymentConfigurationName: deploymentConfiguration ?? DEFAULT_CONFIGURATION,
  }
}
