import type { Applications } from './applications.ts'
import type { BuildLogs } from './build-logs.ts'
import type { ChangeLog } from './change-log.ts'
import type { Checks } from './checks.ts'
import type { DeploymentConfigurations } from './deployment-configurations.ts'
import type { HostSelectors } from './host-selectors.ts'
import type { MetricSpecifications } from './metric-specifications.ts'
import type { ModelVersions } from './model-versions.ts'
import type { Models } from './models.ts'
import type { PayloadBlobs } from './payload-blobs.ts'
import type { Profiles } from './profiles.ts'
import type { Runtimes } from './runtimes.ts'
import type { Servables } from './servables.ts'
import type { TrainingUploads } from './training-uploads.ts'

/** One query module a table. */
export interface StoreTables {
  readonly models: Models
  readonly modelVersions: ModelVersions
  readonly payloads: PayloadBlobs
  readonly buildLogs: BuildLogs
  readonly runtimes: Runtimes
  readonly hostSelectors: HostSelectors
  readonly deploymentConfigurations: DeploymentConfigurations
  readonly servables: Servables
  readonly applications: Applications
  readonly metricSpecifications: MetricSpecifications
  readonly checks: Checks
  readonly profiles: Profiles
  readonly trainingUploads: TrainingUploads
}

/**
 * All that the control plane remembers. Each call that changes something is a transaction of its own and is on the disk
 * when it resolves, unless it says otherwise. Besides what the calls name, each rejects UNAVAILABLE when the database is away or busy.
 */
export interface Store extends StoreTables {
  readonly changes: ChangeLog
  /**
   * Makes several calls one: all of them are seen, or none. `work` must use what it is given and not the store, which
   * would wait for the transaction; that is refused. Whatever it throws undoes everything and is thrown again.
   */
  transaction<T>(work: (tables: StoreTables) => Promise<T>): Promise<T>
  /** Ends what follows changes or logs, then closes the database. Does nothing the second time. */
  close(): Promise<void>
}
