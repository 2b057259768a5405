import type { ColumnType, Generated } from 'kysely'

/**
 * The tables as they lie in both databases. Times are ISO 8601 in UTC, JSON is text, truths are 0 and 1: nothing in here
 * is read by the database itself, and so both keep the same.
 */
export interface Tables {
  readonly models: ModelsTable
  readonly model_versions: ModelVersionsTable
  readonly payload_blobs: PayloadBlobsTable
  readonly build_logs: BuildLogsTable
  readonly build_log_lines: BuildLogLinesTable
  readonly runtimes: RuntimesTable
  readonly host_selectors: HostSelectorsTable
  readonly deployment_configurations: DeploymentConfigurationsTable
  readonly servables: ServablesTable
  readonly applications: ApplicationsTable
  readonly application_versions: ApplicationVersionsTable
  readonly metric_specifications: MetricSpecificationsTable
  readonly training_uploads: TrainingUploadsTable
  readonly profile_sets: ProfileSetsTable
  readonly profiles: ProfilesTable
  readonly change_sequence: ChangeSequenceTable
  readonly changes: ChangesTable
  readonly monitored_versions: MonitoredVersionsTable
  readonly check_aggregates: CheckAggregatesTable
  readonly checks: ChecksTable
}

/** Given by the database when the row is inserted, and never again changed. */
type Id = ColumnType<number, never, never>
/** Never changed after the row was inserted. */
type Fixed<T> = ColumnType<T, T, never>

interface ModelsTable {
  readonly id: Id
  readonly name: Fixed<string>
  readonly next_version: Generated<number>
  readonly created_at: Fixed<string>
}

interface ModelVersionsTable {
  readonly id: Id
  readonly model_id: Fixed<number>
  readonly version: Fixed<number>
  readonly status: string
  readonly status_message: string | null
  readonly is_external: Fixed<number>
  readonly signature: Fixed<string>
  readonly runtime: Fixed<string | null>
  readonly image: string | null
  readonly payload_digest: Fixed<string | null>
  readonly install_command: Fixed<string | null>
  readonly training_data: string | null
  readonly metadata: Fixed<string>
  readonly monitoring_configuration: Fixed<string>
  readonly created_at: Fixed<string>
  readonly finished_at: string | null
}

interface PayloadBlobsTable {
  readonly digest: Fixed<string>
  readonly size_bytes: Fixed<number>
  readonly created_at: Fixed<string>
  readonly used_at: string
}

interface BuildLogsTable {
  readonly version_id: Fixed<number>
  readonly line_count: number
  readonly is_complete: number
}

interface BuildLogLinesTable {
  readonly version_id: Fixed<number>
  readonly line_index: Fixed<number>
  readonly line: Fixed<string>
}

interface RuntimesTable {
  readonly id: Id
  readonly name: Fixed<string>
  readonly version: Fixed<string>
  readonly model_types: Fixed<string>
  readonly tags: Fixed<string>
  readonly config_params: Fixed<string>
  readonly status: string
  readonly status_text: string | null
  readonly started_at: Fixed<string>
  readonly finished_at: string | null
}

interface HostSelectorsTable {
  readonly id: Id
  readonly name: Fixed<string>
  readonly node_selector: Fixed<string>
}

interface DeploymentConfigurationsTable {
  readonly name: Fixed<string>
  readonly settings: Fixed<string>
  readonly created_at: Fixed<string>
}

interface ServablesTable {
  readonly id: Id
  readonly full_name: Fixed<string>
  readonly version_id: Fixed<number>
  readonly deployment_configuration: Fixed<string | null>
  readonly status: string
  readonly status_message: string | null
  readonly host: string | null
  readonly port: number | null
  readonly metadata: Fixed<string>
  readonly revision: Generated<number>
  readonly created_at: Fixed<string>
  readonly updated_at: string
}

interface ApplicationsTable {
  readonly id: Id
  readonly name: string
  readonly namespace: string | null
  readonly status: string
  readonly status_message: string | null
  readonly signature: string
  readonly graph: string
  readonly kafka_streaming: string
  readonly metadata: string
  readonly revision: Generated<number>
  readonly created_at: Fixed<string>
  readonly updated_at: string
}

/** Which versions an application's graph names: what the graph's text cannot be asked quickly. */
interface ApplicationVersionsTable {
  readonly application_id: Fixed<number>
  readonly version_id: Fixed<number>
}

interface MetricSpecificationsTable {
  readonly id: Fixed<string>
  readonly name: Fixed<string>
  readonly version_id: Fixed<number>
  readonly metric_version_id: Fixed<number>
  readonly threshold: Fixed<number>
  readonly operator: Fixed<string>
  readonly deployment_configuration: Fixed<string | null>
  readonly servable_name: string | null
  readonly created_at: Fixed<string>
}

interface TrainingUploadsTable {
  readonly id: Id
  readonly version_id: Fixed<number>
  readonly uri: Fixed<string | null>
  readonly payload_digest: string | null
  readonly status: string
  readonly message: string | null
  readonly row_count: number
  readonly skipped_row_count: number
  readonly created_at: Fixed<string>
  readonly finished_at: string | null
}

/** One row for all profiles of a version's side: who changes them holds it. */
interface ProfileSetsTable {
  readonly version_id: Fixed<number>
  readonly side: Fixed<string>
  readonly updated_at: string
}

interface ProfilesTable {
  readonly version_id: Fixed<number>
  readonly side: Fixed<string>
  readonly field: Fixed<string>
  readonly state: string
}

/** One row, which every transaction that changes something counts up: so sequences grow in the order of commits. */
interface ChangeSequenceTable {
  readonly id: Fixed<number>
  readonly last: number
}

interface ChangesTable {
  readonly sequence: Fixed<number>
  readonly entity: Fixed<string>
  readonly action: Fixed<string>
  readonly key: Fixed<string>
  readonly changed_at: Fixed<string>
}

/** Counted up by whoever adds checks, so that nobody else adds to the version's batches meanwhile. */
interface MonitoredVersionsTable {
  readonly version_id: Fixed<number>
  readonly check_count: number
}

/** Batches of requests. */
interface CheckAggregatesTable {
  readonly id: Id
  readonly version_id: Fixed<number>
  readonly batch_size: Fixed<number>
  readonly request_count: number
  readonly first_check_id: number
  readonly last_check_id: number
  readonly first_at: string
  readonly last_at: string
  readonly counts: string
}

/** What was found in each request. */
interface ChecksTable {
  readonly id: Id
  readonly version_id: Fixed<number>
  readonly aggregate_id: Fixed<number>
  readonly request_id: Fixed<string>
  readonly recorded_at: Fixed<string>
  readonly document: Fixed<string>
}
