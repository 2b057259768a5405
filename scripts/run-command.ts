import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Runs a program and waits for its end. Its standard output is returned, or passed on with `show`; its standard
 * error is always passed on. Rejects when it cannot start or ends with anything but exit code 0.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  { cwd, env, show = false }: { cwd?: string; env?: NodeJS.ProcessEnv; show?: boolean } = {},
): Promise<string> {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', show ? 'inherit' : 'pipe', 'inherit'] })
  const output: string[] = []
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => output.push(chunk))
  const [exitCode, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  if (exitCode === 0) return output.join('')
  const end = signal === null ? `exit code ${exitCode}` : `signal ${signal}`
  throw new Error(`${[command, ...args].join(' ')} ended with ${end}\n${output.join('')}`)
}
