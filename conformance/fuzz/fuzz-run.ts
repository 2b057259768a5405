import { type Finding, saveFinding } from './finding.ts'
import type { FuzzInput } from './inputs/fuzz-input.ts'
import { PHASES, type Phase } from './phases.ts'
import { askGoodRequests } from './target/good-requests.ts'
import type { MemorySample } from './target/memory-growth.ts'
import type { ServerProcess } from './target/server-process.ts'
import { settledMemory } from './target/settled-memory.ts'
import { judge, summarize } from './verdict/judge.ts'
import { Client } from './wire/client.ts'

export interface FuzzRunOptions {
  readonly seed: number
  /** The run ends with the round in which this time is up. */
  readonly runMs: number
  /** How long a round sends. */
  readonly roundMs: number
  /** Most inputs of one phase in one round, and most rounds: the other bound of the run. */
  readonly roundInputs: number
  readonly roundsMax: number
  /** Where findings are written. */
  readonly findingsFolder: string
  readonly print: (line: string) => void
}

export interface PhaseResult {
  readonly name: string
  inputCount: number
  /** Answers by what they were. */
  readonly outcomes: Map<string, number>
  findingCount: number
}

export interface FuzzResult {
  readonly phases: readonly PhaseResult[]
  /** One after each round. */
  readonly samples: readonly MemorySample[]
  readonly goodRequestCount: number
  /** What is wrong with the process as a whole. */
  readonly trouble: string | undefined
}

/** A good request stands between so many inputs. */
const INPUTS_BETWEEN_GOOD = 200
/** Findings of a phase that are written to files; the rest is counted. */
const SAVED_MAX = 10

/**
 * Sends inputs of all phases side by side, round after round, and measures the server's memory between rounds. It stops early
 * when the server as a whole goes wrong.
 */
export async function fuzz(server: ServerProcess, options: FuzzRunOptions): Promise<FuzzResult> {
  const run = new FuzzRun(server, options)
  const endMs = performance.now() + options.runMs
  for (
    let round = 1;
    round <= options.roundsMax && run.trouble === undefined && performance.now() < endMs;
    round++
  ) {
    await run.round(round)
  }
  return run
}

class FuzzRun implements FuzzResult {
  readonly phases: PhaseResult[] = []
  readonly samples: MemorySample[] = []
  goodRequestCount = 0
  trouble: string | undefined
  readonly #server: ServerProcess
  readonly #options: FuzzRunOptions
  readonly #underWay = new Set<FuzzInput>()
  #inputCount = 0

  constructor(server: ServerProcess, options: FuzzRunOptions) {
    this.#server = server
    this.#options = options
  }

  async round(number: number): Promise<void> {
    const endMs = performance.now() + this.#options.roundMs
    await Promise.all(
      PHASES.map((phase, index) => {
        const result = (this.phases[index] ??= {
          name: phase.name,
          inputCount: 0,
          outcomes: new Map(),
          findingCount: 0,
        })
        const lastInput = result.inputCount + this.#options.roundInputs
        const isOver = () =>
          performance.now() >= endMs || result.inputCount >= lastInput || this.trouble !== undefined
        return Promise.all(Array.from({ length: phase.clients }, () => this.#work(phase, result, isOver)))
      }),
    )
    if (this.trouble !== undefined) return
    const { report, complaint } = await settledMemory(this.#server)
    this.trouble = complaint
    this.samples.push({ ...report, inputCount: this.#inputCount })
    const { liveBytes, rssBytes } = report
    this.#options.print(
      `round ${number}: ${this.#inputCount} inputs; live ${mebibytes(liveBytes)}, resident ${mebibytes(rssBytes)}`,
    )
  }

  /** One client that takes the phase's inputs in turn with others. */
  async #work(phase: Phase, result: PhaseResult, isOver: () => boolean): Promise<void> {
    const { seed } = this.#options
    const client = new Client(this.#server.ports)
    while (!isOver()) {
      const index = result.inputCount++
      const input = phase.make(seed, index)
      this.#underWay.add(input)
      const outcome = await client.send(input)
      const answer = summarize(outcome)
      result.outcomes.set(answer, (result.outcomes.get(answer) ?? 0) + 1)
      const trouble = await this.#troubleAfter(++this.#inputCount)
      // What the others are told by a server that has gone says nothing about their inputs.
      if (this.trouble === undefined) {
        const complaint = trouble ?? judge(input, outcome)
        const inputs = trouble === undefined ? client.recent : [...this.#underWay]
        this.trouble = trouble
        if (complaint !== undefined)
          await this.#report(result, { phase: phase.name, seed, index, complaint, inputs })
      }
      this.#underWay.delete(input)
    }
    client.close()
  }

  async #troubleAfter(inputCount: number): Promise<string | undefined> {
    const trouble = this.#server.trouble()
    if (trouble !== undefined || inputCount % INPUTS_BETWEEN_GOOD !== 0) return trouble
    this.goodRequestCount += 2
    return askGoodRequests(this.#server.ports)
  }

  async #report(result: PhaseResult, finding: Finding): Promise<void> {
    const { print, findingsFolder } = this.#options
    if (result.findingCount++ >= SAVED_MAX) return
    const path = await saveFinding(finding, findingsFolder)
    print(`FAILED ${finding.phase}, input ${finding.index}: ${finding.complaint}`)
    print(`  to send it again: npm run fuzz -- --replay ${path}`)
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(2)} MiB`
}
