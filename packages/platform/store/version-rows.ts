import type { Kysely, Selectable } from 'kysely'
import type { ModelVersionRecord, ModelVersionStatus } from './model-versions.ts'
import { fromJson, fromOptionalJson } from './records.ts'
import type { Tables } from './tables.ts'

/** Versions with the names of their models. */
export function selectVersions(database: Kysely<Tables>) {
  return database
    .selectFrom('model_versions')
    .innerJoin('models', 'models.id', 'model_versions.model_id')
    .selectAll('model_versions')
    .select('models.name as model_name')
}

type VersionRow = Selectable<Tables['model_versions']> & { readonly model_name: string }

export function toVersion(row: VersionRow): ModelVersionRecord {
  const { batchSize } = fromJson<{ batchSize?: number }>(row.monitoring_configuration)
  return {
    id: row.id,
    modelId: row.model_id,
    modelName: row.model_name,
    version: row.version,
    status: row.status as ModelVersionStatus,
    statusMessage: row.status_message ?? undefined,
    isExternal: row.is_external === 1,
    signature: fromJson(row.signature),
    runtime: fromOptionalJson(row.runtime),
    image: fromOptionalJson(row.image),
    payloadDigest: row.payload_digest ?? undefined,
    installCommand: row.install_command ?? undefined,
    trainingData: row.training_data ?? undefined,
    metadata: fromJson(row.metadata),
    monitoringConfiguration: batchSize === undefined ? undefined : { batchSize },
    created: row.created_at,
    finished: row.finished_at ?? undefined,
  }
}
