/** `npm run bench`: runs the scenarios and reports them. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { currentConditions } from './conditions.ts'
import { helpText, type Options, readOptions } from './options.ts'
import { type BenchResult, reportOf } from './report.ts'
import { runLoadScenario } from './run-load-scenario.ts'
import { runProbeScenario } from './run-probe-scenario.ts'
import { runStartScenario } from './run-start-scenario.ts'
import { SCENARIOS, type Scenario, type ScenarioResult } from './scenarios/index.ts'

const RESULTS_FOLDER = fileURLToPath(new URL('./results/', import.meta.url))
const NAMES = SCENARIOS.map(({ name }) => name)
const FAILURE_EXIT_CODE = 1
const USAGE_EXIT_CODE = 2

const options = optionsOrNull()
if (options === null) process.exitCode = USAGE_EXIT_CODE
else if (options.isHelp) console.log(helpText(NAMES))
else await run(options)

/** `null` after telling what is wrong with the command line. */
function optionsOrNull(): Options | null {
  try {
    return readOptions(process.argv.slice(2), NAMES)
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}\n\n${helpText(NAMES)}`)
    return null
  }
}

async function run(options: Options): Promise<void> {
  if (process.platform !== 'linux') {
    throw new Error(
      `CPU time and memory are read from /proc, which ${process.platform} does not have; run this on Linux`,
    )
  }
  const scenarios: ScenarioResult[] = []
  for (const scenario of SCENARIOS) {
    if (options.only !== null && scenario.name !== options.only) continue
    scenarios.push(await runScenario(scenario, options))
  }
  const result: BenchResult = { conditions: currentConditions(options), scenarios }
  const report = reportOf(result)
  console.log(report)
  if (scenarios.some(({ rows }) => rows.some(row => 'failed' in row))) process.exitCode = FAILURE_EXIT_CODE
  // The page in the repository is always one whole run, all of it under the same conditions.
  if (options.only !== null || options.isQuick) return
  mkdirSync(RESULTS_FOLDER, { recursive: true })
  writeFileSync(`${RESULTS_FOLDER}latest.md`, report)
  writeFileSync(`${RESULTS_FOLDER}latest.json`, `${JSON.stringify(result, null, 2)}\n`)
}

function runScenario(scenario: Scenario, options: Options): Promise<ScenarioResult> {
  if (scenario.kind === 'load') return runLoadScenario(scenario, options, progress)
  return scenario.kind === 'probe'
    ? runProbeScenario(scenario, options, progress)
    : runStartScenario(scenario, options, progress)
}

function progress(line: string): void {
  console.error(line)
}
