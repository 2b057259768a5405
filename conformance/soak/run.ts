import { soakMixed } from './mixed/mixed-soak.ts'
import { HELP, type Options, type Part, readOptions } from './options.ts'
import { soakOverload } from './overload/overload.ts'
import type { Check } from './report.ts'

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
  switch (part) {
    case 'process':
      return soakMixed({ workerKind: 'process', seconds, seed, print })
    case 'thread':
      return soakMixed({ workerKind: 'thread', seconds: Math.max(10, Math.round(seconds / 5)), seed, print })
    case 'overload':
      return soakOverload(print)
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
