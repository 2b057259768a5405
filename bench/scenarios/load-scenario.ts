import type { Contestant } from '../contestants/contestant.ts'
import type { LoadResult } from '../load/load-job.ts'
import type { WorkloadName } from '../load/workloads.ts'

/** Servers under the same load, or one server under two, taking turns. */
export interface LoadScenario {
  readonly kind: 'load'
  /** For `--only`. */
  readonly name: string
  readonly title: string
  readonly connections: number
  readonly streamsPerConnection: number
  readonly entries: readonly Entry[]
  readonly comparisons: readonly Comparison[]
}

export interface Entry {
  /** Unique within the scenario. */
  readonly label: string
  readonly contestant: Contestant
  readonly workload: WorkloadName
}

/** How many times as efficient one entry is as another. */
export interface Comparison {
  readonly of: string
  readonly against: string
  /** Labels of the other entry; of several, the one that needs least CPU a request counts. */
  readonly candidates: readonly string[]
  /** Which ratio the target is for. Default `cpu`. */
  readonly by?: 'cpu' | 'throughput'
  /** What the ratio should reach; `null` when it is only of interest. */
  readonly target: number | null
}

export interface LoadScenarioResult {
  readonly kind: 'load'
  readonly name: string
  readonly title: string
  readonly connections: number
  readonly streamsPerConnection: number
  readonly rows: readonly LoadRow[]
  readonly comparisons: readonly Comparison[]
}

export type LoadRow =
  | { readonly label: string; readonly runs: readonly LoadResult[] }
  | { readonly label: string; readonly skipped: string }
  | { readonly label: string; readonly failed: string }

/** An entry under its contestant's own name. */
export function entry(contestant: Contestant, workload: WorkloadName): Entry {
  return { label: contestant.name, contestant, workload }
}
