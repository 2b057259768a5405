import type { WorkloadName } from './workloads.ts'

/** What the load process is told: one run against one server. */
export interface LoadJob {
  readonly workload: WorkloadName
  readonly restPort: number
  readonly grpcPort: number
  /** Root of the process tree whose CPU time and memory count as the server's. */
  readonly serverPid: number
  readonly connections: number
  /** Requests in flight on each connection; more than one only over HTTP/2. */
  readonly streamsPerConnection: number
  readonly warmUpMs: number
  readonly durationMs: number
  /** The core that the server has to itself, or should have; `null` when it is not bound to one. */
  readonly serverCore: number | null
}

/** What the load process found. A run with a single wrong answer has no result but an error. */
export interface LoadResult {
  readonly requests: number
  readonly elapsedMs: number
  readonly serverCpuMs: number
  readonly clientCpuMs: number
  /** What others used of the server's core meanwhile; `null` when it has none of its own. */
  readonly neighbourCpuMs: number | null
  readonly p50Us: number
  readonly p99Us: number
  /** At the end of the run. */
  readonly serverResidentBytes: number
}
