import { setTimeout } from 'node:timers/promises'
import type { Contestant } from './contestants/contestant.ts'
import type { Effort } from './options.ts'
import { residentBytesOfTree } from './process/process-tree.ts'
import type { Progress } from './run-load-scenario.ts'
import type {
  StartEntry,
  StartResult,
  StartRow,
  StartScenario,
  StartScenarioResult,
} from './scenarios/start-scenario.ts'

/** Long enough for what a server does behind its first answer. */
const SETTLE_MS = 2000

/** Starts the servers in turn, so often each, and reads their memory when they have settled. */
export async function runStartScenario(
  { kind, name, title, entries }: StartScenario,
  effort: Effort,
  progress: Progress,
): Promise<StartScenarioResult> {
  const starts = new Map<StartEntry, StartResult[]>(entries.map(entry => [entry, []]))
  const absences = new Map<StartEntry, { readonly skipped: string } | { readonly failed: string }>()
  for (const entry of entries) {
    const obstacle = entry.contestant.obstacle()
    if (obstacle !== null) absences.set(entry, { skipped: obstacle })
  }
  for (let round = 1; round <= effort.rounds; round++) {
    for (const [entry, results] of starts) {
      if (absences.has(entry)) continue
      const { contestant } = entry
      try {
        const result = await startOnce(contestant)
        results.push(result)
        progress(`${name} ${round}/${effort.rounds}  ${contestant.name}: ${summary(result)}`)
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error)
        progress(`${name} ${round}/${effort.rounds}  ${contestant.name}: ${text}`)
        absences.set(entry, { failed: text.split('\n', 1)[0]! })
      }
    }
  }
  const rows = entries.map((entry): StartRow => {
    const { contestant, maxResidentBytes, maxStartMs } = entry
    const outcome = absences.get(entry) ?? { starts: starts.get(entry) ?? [] }
    return { label: contestant.name, maxResidentBytes, maxStartMs, ...outcome }
  })
  return { kind, name, title, rows }
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

function summary({ startToReadyMs, residentBytes }: StartResult): string {
  return `${Math.round(startToReadyMs)} ms, ${Math.round(residentBytes / 1_000_000)} MB`
}
