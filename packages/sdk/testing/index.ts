/** `@millrace/sdk/testing`: runs a model in memory, as the server would. */
export type { Answer, NamedOutputs } from './answer.ts'
export { loadForTest, type TestOptions } from './load-for-test.ts'
export type { LogEntry, LogLevel, RecordedLog } from './recorded-log.ts'
export type { MetricKind, MetricRecord, RecordedMetric, RecordedMetrics } from './recorded-metrics.ts'
export type { CallOptions } from './test-call.ts'
export type { NamedInputs, TestInputs } from './test-inputs.ts'
export type { TestedModel } from './tested-model.ts'
