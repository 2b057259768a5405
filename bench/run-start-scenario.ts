import { setTimeout } from 'node:timers/promises'
import type { Contestant } from './contestants/contestant.ts'
import type { Effort } from './options.ts'
import { residentBytesOfTree } from './process/process-tree.ts'
import type { Progress } from './run-load-scenario.ts'
import type { StartResult, StartRow, StartScenario, StartScenarioResult } from './scenarios/start-scenario.ts'

/** Long enough for what a server does behind its first answer. */
const SETTLE_MS = 2000

/** Starts the servers in turn, so often each, and reads their memory when they have settled. */
export async function runStartScenario(
  { kind, name, title, entries }: StartScenario,
  effort: Effort,
  progress: Progress,
): Promise<StartScenarioResult> {
  const rows = entries.map(({ contestant, maxResidentBytes, maxStartMs }) => ({
    contestant,
    maxResidentBytes,
    maxStartMs,
    obstacle: contestant.obstacle(),
    starts: [] as StartResult[],
  }))
  for (let round = 1; round <= effort.rounds; round++) {
    for (const { contestant, obstacle, starts } of rows) {
      if (obstacle !== null) continue
      const result = await startOnce(contestant)
      starts.push(result)
      const megabytes = Math.round(result.residentBytes / 1_000_000)
      progress(
        `${name} ${round}/${effort.rounds}  ${contestant.name}: ${Math.round(result.startToReadyMs)} ms, ${megabytes} MB`,
      )
    }
  }
  return {
    kind,
    name,
    title,
    rows: rows.map(
      ({ contestant, maxResidentBytes, maxStartMs, obstacle, starts }): StartRow => ({
        label: contestant.name,
        maxResidentBytes,
        maxStartMs,
        ...(obstacle === null ? { starts } : { skipped: obstacle }),
      }),
    ),
  }
}

async function startOnce(contestant: Contestant): Promise<StartResult> {
  const server = await contestant.start()
  try {
    await setTimeout(SETTLE_MS)
    return { startToReadyMs: server.startToReadyMs, residentBytes: residentBytesOfTree(server.pid) }
  } finally {
    await server.stop()
  }
}
