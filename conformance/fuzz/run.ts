import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fuzz } from './fuzz-run.ts'
import { HELP, type Options, readOptions } from './options.ts'
import { replay } from './replay.ts'
import { verdictOn } from './report.ts'
import { ServerProcess } from './target/server-process.ts'

const REPOSITORY = fileURLToPath(new URL('repository', import.meta.url))
/** Enough for a slope after the warm-up, and each long enough for many times the longest wait of an input. */
const ROUNDS = 12
/** Measuring and waiting for the last answers take the rest. */
const SENDING_SHARE = 0.75
/** The other bound, for machines that are very fast and runs that are very long. */
const ROUND_INPUTS = 200_000

process.exitCode = await main()

async function main(): Promise<number> {
  let options: Options | undefined
  try {
    options = readOptions(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`fuzz: ${error instanceof Error ? error.message : String(error)}\n`)
    return 2
  }
  if (options === undefined) {
    process.stdout.write(HELP)
    return 0
  }
  const { failed, passed } =
    options.replay === undefined ? await runAll(options) : await runReplay(options.replay)
  print(`${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

async function runAll({
  seed,
  seconds,
}: Options): Promise<{ readonly passed: number; readonly failed: number }> {
  print(`seed ${seed}, ${seconds} s; the same inputs again: npm run fuzz -- --seed ${seed}`)
  const server = await ServerProcess.start(REPOSITORY)
  try {
    const result = await fuzz(server, {
      seed,
      runMs: seconds * 1000,
      roundMs: (seconds * 1000 * SENDING_SHARE) / ROUNDS,
      roundInputs: ROUND_INPUTS,
      roundsMax: 2 * ROUNDS,
      findingsFolder: join(tmpdir(), 'millrace-fuzz'),
      print,
    })
    const { lines, passedCount, failedCount } = verdictOn(result, await server.stop())
    for (const line of lines) print(line)
    return { passed: passedCount, failed: failedCount }
  } finally {
    await server.stop()
  }
}

async function runReplay(path: string): Promise<{ readonly passed: number; readonly failed: number }> {
  const server = await ServerProcess.start(REPOSITORY)
  try {
    const { length } = await replay(server, path, print)
    return { passed: length === 0 ? 1 : 0, failed: length }
  } finally {
    await server.stop()
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
