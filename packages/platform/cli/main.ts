import { CommanderError } from 'commander'
import { describeStartFailure } from './command-failure.ts'
import { endProcess } from './end-process.ts'
import { EXIT } from './exit-codes.ts'
import { failureLine } from './failure-line.ts'
import { createProgram } from './program.ts'

// Whoever reads what is written may leave (`| head`); a server serves on. Who has to know asks each write.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
const exitCode = await run()
await Promise.all([flushed(process.stdout), flushed(process.stderr)])
// What a model has left behind, such as a timer, must not keep the process.
endProcess(exitCode)

async function run(): Promise<number> {
  try {
    await createProgram().parseAsync()
    return EXIT.ok
  } catch (error) {
    // commander has printed its own message; help and version are not failures.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    const failure = describeStartFailure(error)
    process.stderr.write(failureLine(failure.message))
    return failure.exitCode
  }
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise(resolve => void stream.write('', () => resolve()))
}
