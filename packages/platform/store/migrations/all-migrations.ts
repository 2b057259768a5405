import { changeTables } from './change-tables.ts'
import { deploymentTables } from './deployment-tables.ts'
import type { Migration } from './migration.ts'
import { monitoringTables } from './monitoring-tables.ts'
import { registryTables } from './registry-tables.ts'
import { trainingTables } from './training-tables.ts'

/** From an empty database to today's, in order. New ones are added at the end. */
export const MIGRATIONS: readonly Migration[] = [
  registryTables,
  deploymentTables,
  changeTables,
  trainingTables,
  monitoringTables,
]
