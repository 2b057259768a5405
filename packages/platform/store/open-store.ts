import { dirname, join } from 'node:path'
import { Kysely } from 'kysely'
import { createApplications } from './applications.ts'
import { createBlobFolder } from './blob-folder.ts'
import { createBuildLogs } from './build-logs.ts'
import { createChangeLog } from './change-log.ts'
import { type CheckWriter, createCheckWriter } from './check-writer.ts'
import { createChecks } from './checks.ts'
import { databaseError } from './database-error.ts'
import { createDeploymentConfigurations } from './deployment-configurations.ts'
import { createHostSelectors } from './host-selectors.ts'
import { createMetricSpecifications } from './metric-specifications.ts'
import { migrate } from './migrations/migrate.ts'
import { createModelVersions } from './model-versions.ts'
import { createModels } from './models.ts'
import { createPayloadBlobs } from './payload-blobs.ts'
import { openPostgres, type PostgresDatabase } from './postgres-database.ts'
import { createProfiles } from './profiles.ts'
import { createRuntimes } from './runtimes.ts'
import { createRootScope, type Scope } from './scope.ts'
import { createServables } from './servables.ts'
import { sqliteDialect } from './sqlite-dialect.ts'
import { openSqliteFile } from './sqlite-file.ts'
import type { Store, StoreTables } from './store.ts'
import type { Tables } from './tables.ts'
import { createTrainingUploads } from './training-uploads.ts'
import { createWakeUps, type WakeUps } from './wake-ups.ts'

/** Where everything is kept: in a file, or in a PostgreSQL database. */
export type StoreOptions = SqliteOptions | PostgresOptions

interface CommonOptions {
  /** Gives the times of rows. Default: the machine's clock. */
  readonly now?: (() => Date) | undefined
}

export interface SqliteOptions extends CommonOptions {
  /** The database file; it and its folder are made if they are not there. One process at a time. */
  readonly file: string
  /** Where payloads lie. Default: `blobs` beside the file. */
  readonly blobFolder?: string | undefined
}

export interface PostgresOptions extends CommonOptions {
  /** `postgres://user:password@host:port/name` */
  readonly url: string
  /** Where payloads lie. All processes that use the database must see the same folder. */
  readonly blobFolder: string
  /** Connections kept, besides one that listens. Default 10. */
  readonly connectionsMax?: number | undefined
}

const CONNECTIONS = 10

/**
 * Opens the database and brings its schema up to date.
 *
 * Rejects UNAVAILABLE when the database cannot be reached, and FAILED_PRECONDITION when the file is none, or a newer
 * program has changed the schema.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  return 'url' in options ? openOnPostgres(options) : openOnSqlite(options)
}

async function openOnSqlite({ file, blobFolder, now }: SqliteOptions): Promise<Store> {
  const database = new Kysely<Tables>({ dialect: sqliteDialect(openSqliteFile(file)) })
  try {
    await migrate(database, 'sqlite')
  } catch (thrown) {
    await database.destroy()
    throw databaseError(thrown)
  }
  const folder = blobFolder ?? join(dirname(file), 'blobs')
  return createStore(database, 'sqlite', createWakeUps(), folder, now, createCheckWriter(file))
}

async function openOnPostgres({ url, blobFolder, connectionsMax, now }: PostgresOptions): Promise<Store> {
  const postgres = openPostgres(url, connectionsMax ?? CONNECTIONS)
  const database = new Kysely<Tables>({ dialect: postgres.dialect })
  const wakeUps = createWakeUps()
  try {
    // Before anything else: it says which database cannot be reached, and why.
    await postgres.listen(wakeUps)
    await migrate(database, 'postgres')
  } catch (thrown) {
    await postgres.close()
    await database.destroy()
    throw databaseError(thrown)
  }
  return createStore(database, 'postgres', wakeUps, blobFolder, now, postgres)
}

function createStore(
  database: Kysely<Tables>,
  kind: 'sqlite' | 'postgres',
  wakeUps: WakeUps,
  blobFolder: string,
  now: () => Date = () => new Date(),
  /** What is closed before the database. */
  more: CheckWriter | PostgresDatabase,
): Store {
  const root = createRootScope(database, kind, wakeUps, now)
  const blobs = createBlobFolder(blobFolder)
  const tables = (scope: Scope, writer?: CheckWriter): StoreTables => ({
    models: createModels(scope),
    modelVersions: createModelVersions(scope, now),
    payloads: createPayloadBlobs(scope, blobs, now),
    buildLogs: createBuildLogs(scope, wakeUps),
    runtimes: createRuntimes(scope, now),
    hostSelectors: createHostSelectors(scope),
    deploymentConfigurations: createDeploymentConfigurations(scope, now),
    servables: createServables(scope, now),
    applications: createApplications(scope, now),
    metricSpecifications: createMetricSpecifications(scope, now),
    checks: createChecks(scope, kind, writer),
    profiles: createProfiles(scope, now),
    trainingUploads: createTrainingUploads(scope, now),
  })
  let closed: Promise<void> | undefined
  return {
    ...tables(root, 'append' in more ? more : undefined),
    changes: createChangeLog(root, wakeUps),
    transaction: work => root.transaction(scope => work(tables(scope))),
    close() {
      wakeUps.close()
      closed ??= (async () => {
        await more.close()
        await database.destroy()
      })()
      return closed
    },
  }
}
