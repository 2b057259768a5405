import { CommanderError } from 'commander'
import pc from 'picocolors'
import { CommandFailure, describeStartFailure } from './command-failure.ts'
import { EXIT } from './exit-codes.ts'
import { createProgram } from './program.ts'

try {
  await createProgram().parseAsync()
} catch (error) {
  process.exitCode = report(error)
}

function report(error: unknown): number {
  // commander has printed its own message; help and version are not failures.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  const failure = error instanceof CommandFailure ? error : describeStartFailure(error)
  process.stderr.write(`${pc.red('millrace:')} ${failure.message}\n`)
  return failure.exitCode
}
