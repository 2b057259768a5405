import { parseArgs } from 'node:util'

/** How long and how often things are measured. */
export interface Effort {
  readonly rounds: number
  readonly warmUpMs: number
  readonly durationMs: number
}

export interface Options extends Effort {
  /** Name of the only scenario to run. */
  readonly only: string | null
  readonly isQuick: boolean
  readonly isHelp: boolean
}

const THOROUGH: Effort = { rounds: 5, warmUpMs: 1500, durationMs: 3000 }
const QUICK: Effort = { rounds: 1, warmUpMs: 500, durationMs: 1000 }
const MAX_ROUNDS = 100

export function helpText(scenarioNames: readonly string[]): string {
  return `Usage: npm run bench -- [options]

Measures Millrace beside bare Node.js and, where it is installed, MLServer, and prints a table with ratios.
A whole run is also written to bench/results/latest.md and latest.json.

  --only NAME   one scenario: ${scenarioNames.join(', ')}
  --rounds N    how often each is measured (default: ${THOROUGH.rounds}; at most ${MAX_ROUNDS})
  --quick       one short round: says whether it works, not how fast it is
  --help

Examples:
  npm run bench
  npm run bench -- --only grpc-small --rounds 9
  sh bench/peers/mlserver/setup.sh && npm run bench`
}

/** @throws TypeError that says what is wrong with the command line and what is allowed */
export function readOptions(args: readonly string[], scenarioNames: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const { only = null } = values
  if (only !== null && !scenarioNames.includes(only)) {
    throw new TypeError(`--only is '${only}'; it must be one of ${scenarioNames.join(', ')}`)
  }
  const effort = values.quick ? QUICK : THOROUGH
  const rounds = values.rounds === undefined ? effort.rounds : readRounds(values.rounds)
  return { ...effort, rounds, only, isQuick: values.quick, isHelp: values.help }
}

function readRounds(text: string): number {
  const rounds = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (rounds < 1 || rounds > MAX_ROUNDS) {
    throw new TypeError(`--rounds is '${text}'; it must be a whole number from 1 to ${MAX_ROUNDS}`)
  }
  return rounds
}
