import type { ServableRecord, StringMap } from '../../store/index.ts'

/** The keys of a servable's metadata that say for whom it was deployed; they are the platform's to give. */
export const OWNER_KEYS: readonly string[] = ['applicationId', 'metric-spec-id']

export function applicationOwner(application: { readonly id: number; readonly name: string }): StringMap {
  return { applicationName: application.name, applicationId: String(application.id) }
}

/** The id of the application that a servable was deployed for. */
export function ownerApplicationId({ metadata }: ServableRecord): number | undefined {
  const id = metadata['applicationId']
  return id === undefined ? undefined : Number(id)
}

export function ownerMetricId({ metadata }: ServableRecord): string | undefined {
  return metadata['metric-spec-id']
}
