export { type DurationTotal, type ModelStatistics, recordBatch, recordInference } from './model-statistics.ts'
export type { BatchObserver, SchedulingMetrics, WorkerFigures } from './scheduling-metrics.ts'
export { createServerMetrics, type ServerMetrics } from './server-metrics.ts'
export type { TransportMetrics } from './transport-metrics.ts'
