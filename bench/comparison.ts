import type { LoadResult } from './load/load-job.ts'
import type { Comparison, LoadRow } from './scenarios/load-scenario.ts'
import { ratioOfRuns, type Spread, spreadOf } from './statistics.ts'

/** How many times as efficient one entry was as the other. Above 1: it needed less. */
export interface Ratios {
  /** Of CPU time a request: the figure of record, because neither the load nor a neighbour is in it. */
  readonly cpu: Spread
  /** Of requests a second: what the load could get out of both. */
  readonly throughput: Spread
}

/** `null` when one side did not take part. */
export function compare(rows: readonly LoadRow[], { of, candidates }: Comparison): Ratios | null {
  const runsOf = (label: string) => {
    const row = rows.find(candidate => candidate.label === label)
    return row !== undefined && 'runs' in row ? row.runs : undefined
  }
  const ours = runsOf(of)
  const [best] = candidates
    .flatMap(label => {
      const runs = runsOf(label)
      return runs === undefined ? [] : [runs]
    })
    .toSorted((left, right) => medianCpuUs(left) - medianCpuUs(right))
  if (ours === undefined || best === undefined) return null
  return {
    cpu: ratioOfRuns(best.map(cpuUsPerRequest), ours.map(cpuUsPerRequest)),
    throughput: ratioOfRuns(ours.map(requestsPerSecond), best.map(requestsPerSecond)),
  }
}

export function cpuUsPerRequest({ serverCpuMs, requests }: LoadResult): number {
  return (serverCpuMs * 1000) / requests
}

export function requestsPerSecond({ requests, elapsedMs }: LoadResult): number {
  return (requests * 1000) / elapsedMs
}

function medianCpuUs(runs: readonly LoadResult[]): number {
  return spreadOf(runs.map(cpuUsPerRequest)).median
}
