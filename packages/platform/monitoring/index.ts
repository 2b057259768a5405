/** Monitoring: what models were asked and answered, held against their training and their metrics. */
export {
  createMonitoring,
  type Monitoring,
  type MonitoringOptions,
  type MonitoringStatistics,
} from './monitoring.ts'
export type { MonitoringLimits } from './monitoring-limits.ts'
