import type { RunningContestant } from './contestants/contestant.ts'
import type { LoadResult } from './load/load-job.ts'
import type { Effort } from './options.ts'
import { PINNING_OBSTACLE, SERVER_CORE } from './process/pinning.ts'
import { runLoad } from './process/run-load.ts'
import type { Entry, LoadRow, LoadScenario, LoadScenarioResult } from './scenarios/load-scenario.ts'

/** Tells a person who waits what is going on. */
export type Progress = (line: string) => void

/**
 * Starts every server once, then lets them take turns: A B C, A B C. What the machine does
 * besides so falls on all of them, and a server's compiled code is warm from the second round on.
 * An entry that fails once is out, and the others go on.
 */
export async function runLoadScenario(
  scenario: LoadScenario,
  effort: Effort,
  progress: Progress,
): Promise<LoadScenarioResult> {
  const { kind, name, title, connections, streamsPerConnection, comparisons } = scenario
  const turns = scenario.entries.map(entry => new Turn(entry, scenario, effort))
  try {
    for (const turn of turns) await turn.start(progress)
    for (let round = 1; round <= effort.rounds; round++) {
      const report: Progress = line => progress(`${name} ${round}/${effort.rounds}  ${line}`)
      for (const turn of turns) await turn.run(report)
    }
  } finally {
    for (const turn of turns) await turn.stop()
  }
  const rows = turns.map(turn => turn.row)
  return { kind, name, title, connections, streamsPerConnection, rows, comparisons }
}

/** One entry of a scenario: its server, and what came out of its runs so far. */
class Turn {
  readonly #entry: Entry
  readonly #scenario: LoadScenario
  readonly #effort: Effort
  readonly #runs: LoadResult[] = []
  #server: RunningContestant | undefined
  #failure: string | undefined

  constructor(entry: Entry, scenario: LoadScenario, effort: Effort) {
    this.#entry = entry
    this.#scenario = scenario
    this.#effort = effort
  }

  get row(): LoadRow {
    const { label, contestant } = this.#entry
    const obstacle = contestant.obstacle()
    if (obstacle !== null) return { label, skipped: obstacle }
    return this.#failure === undefined ? { label, runs: this.#runs } : { label, failed: this.#failure }
  }

  async start(progress: Progress): Promise<void> {
    const { contestant } = this.#entry
    if (contestant.obstacle() !== null) return
    await this.#attempt(progress, async () => {
      this.#server = await contestant.start()
    })
  }

  async run(progress: Progress): Promise<void> {
    const server = this.#server
    if (server === undefined || this.#failure !== undefined) return
    await this.#attempt(progress, async () => {
      const result = await runLoad({
        workload: this.#entry.workload,
        restPort: server.restPort,
        grpcPort: server.grpcPort,
        serverPid: server.pid,
        serverCore: PINNING_OBSTACLE === null ? SERVER_CORE : null,
        connections: this.#scenario.connections,
        streamsPerConnection: this.#scenario.streamsPerConnection,
        warmUpMs: this.#effort.warmUpMs,
        durationMs: this.#effort.durationMs,
      })
      this.#runs.push(result)
      progress(`${this.#entry.label}: ${summary(result)}`)
    })
  }

  async stop(): Promise<void> {
    await this.#server?.stop()
  }

  async #attempt(progress: Progress, step: () => Promise<void>): Promise<void> {
    try {
      await step()
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      progress(`${this.#entry.label}: ${text}`)
      // The table has room for one line; the rest has been shown.
      this.#failure = text.split('\n', 1)[0]
    }
  }
}

function summary({ requests, elapsedMs, serverCpuMs }: LoadResult): string {
  const perSecond = Math.round((requests * 1000) / elapsedMs)
  return `${perSecond} requests/s, ${((serverCpuMs * 1000) / requests).toFixed(1)} µs of CPU each`
}
