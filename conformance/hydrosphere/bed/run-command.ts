import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { MILLRACE, ownEnvironment } from './up-process.ts'

export interface CommandOptions {
  readonly cwd: string
  readonly input?: string
  readonly environment?: Readonly<Record<string, string>>
}

export interface EndedCommand {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `millrace` to its end. */
export async function runMillrace(
  args: readonly string[],
  { cwd, input = '', environment }: CommandOptions,
): Promise<EndedCommand> {
  const child = spawn(process.execPath, ['--conditions=millrace-source', MILLRACE, ...args], {
    cwd,
    env: ownEnvironment(environment),
    stdio: 'pipe',
  })
  // It may end before it has read all.
  child.stdin.on('error', () => {}).end(input)
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { exitCode, stdout, stderr }
}
