/** Models that run in threads or processes of their own, and what keeps those alive. */
export { createEnvironments, type Environments } from './environments.ts'
export type { LoadedCopies } from './loaded-copies.ts'
export { type LoadedMemory, measureGrowth, statedBytes } from './loaded-memory.ts'
export { RemoteModel } from './remote-model.ts'
export { watchReadiness } from './watch-readiness.ts'
export { createWorkerPools, type WorkerPools, type WorkerPoolsOptions } from './worker-pools.ts'
export type { WorkerStatistics } from './worker-statistics.ts'
