import { soakMixed } from './mixed/mixed-soak.ts'
import { HELP, type Options, type Part, readOptions } from './options.ts'
import { soakOverload } from './overload/overload.ts'
import type { Check } from './report.ts'

/** Threads share most of their code with processes: what only they do shows soon. */
const THREAD_SHARE = 1 / 5
const MIN_SECONDS = 10

process.exitCode = await main()

async function main(): Promise<number> {
  let options: Options | undefined
  try {
    options = readOptions(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`soak: ${error instanceof Error ? error.message : String(error)}\n`)
    return 2
  }
  if (options === undefined) {
    process.stdout.write(HELP)
    return 0
  }
  const { seed, seconds, parts } = options
  print(`seed ${seed}, ${seconds} s; the same questions again: npm run soak -- --seed ${seed}`)
  const checks: Check[] = []
  for (const part of parts) {
    print(`\n${part}`)
    const found = await run(part, options)
    for (const { isGood, line } of found) print(`${isGood ? 'passed' : 'FAILED'}  ${line}`)
    checks.push(...found)
  }
  const failedCount = checks.filter(({ isGood }) => !isGood).length
  print(`\n${checks.length - failedCount} passed, ${failedCount} failed`)
  return failedCount === 0 ? 0 : 1
}

function run(part: Part, { seconds, seed }: Options): Promise<readonly Check[]> {
  if (part === 'overload') return soakOverload(print)
  const share = part === 'process' ? 1 : THREAD_SHARE
  return soakMixed({
    workerKind: part,
    seconds: Math.max(MIN_SECONDS, Math.round(seconds * share)),
    seed,
    print,
  })
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
