import type {
  DeploymentConfigurationRecord,
  ModelVersionRecord,
  ServableRecord,
  StoreTables,
  StringMap,
} from '../../store/index.ts'
import type { PickName } from './servable-names.ts'
import type { RunOrder } from './servable-runs.ts'

interface WantedServable {
  readonly version: ModelVersionRecord
  readonly configuration: DeploymentConfigurationRecord | undefined
  readonly metadata: StringMap
}

/** Notes a servable under a name that is free; it is given to the driver when that is committed. */
export async function createServable(
  tables: StoreTables,
  pickName: PickName,
  { version, configuration, metadata }: WantedServable,
): Promise<{ readonly record: ServableRecord; readonly order: RunOrder }> {
  const isTaken = async (name: string) => (await tables.servables.find(name)) !== undefined
  const fullName = await pickName(version, isTaken)
  const record = await tables.servables.create({
    fullName,
    versionId: version.id,
    deploymentConfiguration: configuration?.name,
    statusMessage: 'Initialization',
    metadata,
  })
  return { record, order: { fullName, version, configuration } }
}
