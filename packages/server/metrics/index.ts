export { type DurationTotal, type ModelStatistics, recordInference } from './model-statistics.ts'
export { createServerMetrics, type ServerMetrics } from './server-metrics.ts'
export type { TransportMetrics } from './transport-metrics.ts'
