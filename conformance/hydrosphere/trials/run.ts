/**
 * Trials of the platform under strain: node conformance/hydrosphere/trials/run.ts [--short] [--rounds N] [--seed N]
 * [--only NAME]. Prints what each has found; the exit code is 1 if a promise was broken. The first Ctrl-C, or
 * kill -INT, ends the trial after its round and prints what it has found until then; the second ends at once.
 */
import { inspect } from 'node:util'
import { crashes } from './crashes.ts'
import { killedServables } from './killed-servables.ts'
import { longLists } from './long-lists.ts'
import { shares } from './shares.ts'
import { slowShadow } from './slow-shadow.ts'
import { HELP, type Trial, trialFlags } from './trial.ts'

const TRIALS: Readonly<Record<string, Trial>> = {
  shares,
  'killed-servables': killedServables,
  'slow-shadow': slowShadow,
  'long-lists': longLists,
  crashes,
}

const flags = trialFlags(process.argv.slice(2))
if (flags === undefined) {
  process.stdout.write(HELP)
  process.exit(0)
}
if (flags.only !== undefined && TRIALS[flags.only] === undefined) {
  throw new Error(`--only ${flags.only} is none of ${Object.keys(TRIALS).join(', ')}`)
}
print(`seed ${flags.seed}`)
const interruption = new AbortController()
process.once('SIGINT', () => {
  print('interrupted: the round is finished first')
  interruption.abort()
})
let failed = 0
for (const [name, trial] of Object.entries(TRIALS)) {
  if (interruption.signal.aborted) break
  if (flags.only !== undefined && name !== flags.only) continue
  const startedMs = performance.now()
  try {
    const lines = await trial({
      ...flags,
      tell: line => print(`  … ${name}: ${line}`),
      interrupted: interruption.signal,
    })
    print(`✔ ${name} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`)
    for (const line of lines) print(`    ${line}`)
  } catch (error) {
    // Ctrl-C reaches the platform too; what fails then says nothing of it.
    if (interruption.signal.aborted) {
      print(`- ${name} was interrupted (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`)
      continue
    }
    failed += 1
    print(`✖ ${name} ${inspect(error)}`)
  }
}
process.exitCode = failed === 0 ? 0 : 1

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
