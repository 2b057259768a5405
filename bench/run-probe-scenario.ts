import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Effort } from './options.ts'
import { onCore, SERVER_CORE } from './process/pinning.ts'
import type { Progress } from './run-load-scenario.ts'
import type { ProbeRow, ProbeScenario, ProbeScenarioResult } from './scenarios/probe-scenario.ts'

/** Runs the program once a round: each round is a process that compiles everything anew. */
export async function runProbeScenario(
  { kind, name, title, program, cores, figures }: ProbeScenario,
  effort: Effort,
  progress: Progress,
): Promise<ProbeScenarioResult> {
  const values = new Map<string, number[]>(figures.map(figure => [figure.name, []]))
  let failure: string | undefined
  for (let round = 1; round <= effort.rounds && failure === undefined; round++) {
    try {
      const found = await runProgram(program, cores, effort)
      for (const figure of figures) values.get(figure.name)!.push(numberOf(found, figure.name))
      progress(`${name} ${round}/${effort.rounds}  ${JSON.stringify(found)}`)
    } catch (error) {
      failure = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]!
      progress(`${name}: ${failure}`)
    }
  }
  const rows = figures.map((figure): ProbeRow => {
    const row = { ...figure, label: figure.what }
    return failure === undefined ? { ...row, values: values.get(figure.name)! } : { ...row, failed: failure }
  })
  return { kind, name, title, rows }
}

async function runProgram(
  program: string,
  cores: ProbeScenario['cores'],
  { durationMs }: Effort,
): Promise<Readonly<Record<string, unknown>>> {
  const file = fileURLToPath(new URL(`./probes/${program}`, import.meta.url))
  const command = [process.execPath, '--conditions=millrace-source', '--expose-gc', file, String(durationMs)]
  const [name, ...args] = cores === 'one' ? onCore(SERVER_CORE, command) : command
  const child = spawn(name!, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit') as Promise<[number | null]>
  const [output, [code]] = await Promise.all([text(child.stdout), ended])
  if (code !== 0) throw new Error(`${program} ended with exit code ${code}`)
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Record<string, unknown>
}

function numberOf(found: Readonly<Record<string, unknown>>, name: string): number {
  const value = found[name]
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new Error(`the probe printed ${JSON.stringify(value)} for ${name}; expected a number`)
  }
  return value
}
