import type { Check } from '../soak/report.ts'
import { askLoaded } from './hits.ts'
import { askCold } from './misses.ts'
import { HELP, type Options, type Part, readOptions } from './options.ts'
import { restart } from './restart.ts'
import { saturate } from './saturation.ts'

type Run = (options: Options, print: (line: string) => void) => Promise<readonly Check[]>

const PARTS: Readonly<Record<Part, Run>> = {
  saturation: saturate,
  hits: askLoaded,
  misses: askCold,
  restart,
}

process.exitCode = await main()

async function main(): Promise<number> {
  let options: Options | undefined
  try {
    options = readOptions(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`scale: ${error instanceof Error ? error.message : String(error)}\n`)
    return 2
  }
  if (options === undefined) {
    process.stdout.write(HELP)
    return 0
  }
  const { seed, seconds, models, budgetModels, parts } = options
  print(
    `seed ${seed}, ${seconds} s, ${models} models, room for ${budgetModels}; the same models again: npm run scale -- --seed ${seed}`,
  )
  const checks: Check[] = []
  for (const part of parts) {
    print(`\n${part}`)
    const found = await PARTS[part](options, print)
    for (const { isGood, line } of found) print(`${isGood ? 'passed' : 'FAILED'}  ${line}`)
    checks.push(...found)
  }
  const failedCount = checks.filter(({ isGood }) => !isGood).length
  print(`\n${checks.length - failedCount} passed, ${failedCount} failed`)
  return failedCount === 0 ? 0 : 1
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
