import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { runCommand } from './run-command.ts'

const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 30_000
/** What a newcomer's eye looks for in the lines that the server prints when it starts. */
const ANNOUNCED = ['REST', 'gRPC', 'metrics']

/** Waits for all that the server announces; resolves with the curl line. */
async function untilAnnounced(server: ChildProcess): Promise<string> {
  const missing = new Set(ANNOUNCED)
  let curl: string | undefined
  for await (const line of createInterface({ input: server.stdout! })) {
    console.log(`  ${line}`)
    for (const word of missing) {
      if (line.includes(word) && /(\d+\.\d+\.\d+\.\d+|localhost):\d+/.test(line)) missing.delete(word)
    }
    if (line.trim().startsWith('curl ')) curl = line.trim()
    if (curl !== undefined && missing.size === 0) return curl
  }
  const absent = [...missing, ...(curl === undefined ? ['a line with curl'] : [])]
  throw new Error(`the server ended before it had printed ${absent.join(', ')}`)
}

async function ask(curl: string): Promise<void> {
  const answer = await runCommand('bash', ['-c', curl])
  const { error, outputs = [true] } = JSON.parse(answer) as { error?: unknown; outputs?: unknown }
  // A model answers with a list of outputs, an application with an object of them.
  if (error !== undefined || !Array.isArray(outputs) || outputs.length === 0) {
    throw new Error(`the answer has no outputs: ${answer}`)
  }
  console.log(`  answered: ${answer.slice(0, 200)}`)
}

/** SIGTERM to the command alone, as a service manager or a container engine would send it. */
async function stop(server: ChildProcess): Promise<void> {
  const ended = once(server, 'exit', { signal: AbortSignal.timeout(STOP_TIMEOUT_MS) })
  server.kill('SIGTERM')
  const [exitCode, signal] = (await ended) as [number | null, NodeJS.Signals | null]
  if (exitCode !== 0)
    throw new Error(`after SIGTERM it ended with ${signal ?? `exit code ${exitCode}`}, not 0`)
  console.log('  stopped with exit code 0')
}

/**
 * Runs a command that serves, waits for the line with curl that it prints, runs that, and ends the server.
 * @throws Error unless there is an answer with outputs, and exit code 0 after SIGTERM
 */
export async function serveAndAsk(command: string, cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  // Its own process group, so that nothing it started outlives a failed check.
  const server = spawn('bash', ['-c', `exec ${command}`], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const watchdog = setTimeout(() => killGroup(server), START_TIMEOUT_MS)
  try {
    const curl = await untilAnnounced(server)
    clearTimeout(watchdog)
    // Nobody reads its output from here on, and a full pipe would stop it.
    server.stdout?.resume()
    await ask(curl)
    await stop(server)
  } finally {
    clearTimeout(watchdog)
    killGroup(server)
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // Nothing of it is left, as it should be.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
