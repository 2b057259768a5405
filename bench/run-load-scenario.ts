import type { RunningContestant } from './contestants/contestant.ts'
import type { LoadResult } from './load/load-job.ts'
import type { Effort } from './options.ts'
import { runLoad } from './process/run-load.ts'
import type { Entry, LoadRow, LoadScenario, LoadScenarioResult } from './scenarios/load-scenario.ts'

/** Tells a person who waits what is going on. */
export type Progress = (line: string) => void

/**
 * Starts every server once, then lets them take turns: A B C, A B C. What the machine does
 * besides so falls on all of them, and a server's compiled code is warm from the second round on.
 */
export async function runLoadScenario(
  scenario: LoadScenario,
  effort: Effort,
  progress: Progress,
): Promise<LoadScenarioResult> {
  const { kind, name, title, connections, streamsPerConnection, comparisons } = scenario
  const running: {
    readonly entry: Entry
    readonly server: RunningContestant
    readonly runs: LoadResult[]
  }[] = []
  try {
    for (const entry of scenario.entries) {
      if (entry.contestant.obstacle() !== null) continue
      running.push({ entry, server: await entry.contestant.start(), runs: [] })
    }
    for (let round = 1; round <= effort.rounds; round++) {
      for (const { entry, server, runs } of running) {
        const { workload } = entry
        const { pid: serverPid, restPort, grpcPort } = server
        const { warmUpMs, durationMs } = effort
        const run = await runLoad({
          workload,
          restPort,
          grpcPort,
          serverPid,
          connections,
          streamsPerConnection,
          warmUpMs,
          durationMs,
        })
        runs.push(run)
        progress(`${name} ${round}/${effort.rounds}  ${entry.label}: ${summary(run)}`)
      }
    }
  } finally {
    for (const { server } of running) await server.stop()
  }
  const rows = scenario.entries.map((entry): LoadRow => {
    const found = running.find(candidate => candidate.entry === entry)
    const { label } = entry
    return found === undefined
      ? { label, skipped: entry.contestant.obstacle() ?? 'not started' }
      : { label, runs: found.runs }
  })
  return { kind, name, title, connections, streamsPerConnection, rows, comparisons }
}

function summary({ requests, elapsedMs, serverCpuMs }: LoadResult): string {
  const perSecond = Math.round((requests * 1000) / elapsedMs)
  return `${perSecond} requests/s, ${((serverCpuMs * 1000) / requests).toFixed(1)} µs of CPU each`
}
