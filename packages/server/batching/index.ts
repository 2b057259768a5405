/** Adaptive batching: requests of one model joined into batches, with answers as if each had come alone. */
export { createBatcher } from './adaptive-batcher.ts'
export { type Batchability, type BatchSettings, checkBatchable } from './batchable.ts'
export type { BatchedModel, BatcherOptions, BatchRecord, BatchStatistics } from './batched-model.ts'
export type { Clock } from './clock.ts'
