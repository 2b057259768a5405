/**
 * Does what the README tells a newcomer, in a clean clone of HEAD: the commands of its first block, then the request
 * that the server prints. The last command must go on running, print where it listens, answer, and end in order.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { runCommand } from './run-command.ts'
import { REPOSITORY_ROOT } from './workspace-packages.ts'

const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 30_000
/** What a newcomer's eye looks for in the lines that the server prints when it starts. */
const ANNOUNCED = ['REST', 'gRPC', 'metrics']

/** The commands of the README's first `sh` block. */
async function readmeCommands(clone: string): Promise<string[]> {
  const readme = await readFile(join(clone, 'README.md'), 'utf8')
  const [, block = ''] = /```sh\n([^]*?)```/.exec(readme) ?? []
  const commands = block.split('\n').filter(line => line.trim() !== '')
  if (commands.length === 0) throw new Error('README.md has no sh block with commands to begin with')
  if (!readme.includes('npm ci && npm test')) throw new Error('README.md does not say how to run the tests')
  return commands
}

/** The environment without this checkout's programs: the clone has to do with what it installs. */
function newcomersEnvironment(): NodeJS.ProcessEnv {
  const path = (process.env['PATH'] ?? '').split(delimiter).filter(part => !part.includes('node_modules'))
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_') && name !== 'INIT_CWD')
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter) }
}

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
  const { outputs } = JSON.parse(answer) as { outputs?: unknown }
  if (!Array.isArray(outputs) || outputs.length === 0) throw new Error(`the answer has no outputs: ${answer}`)
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

async function serveAndAsk(command: string, clone: string, env: NodeJS.ProcessEnv): Promise<void> {
  // Its own process group, so that nothing it started outlives a failed check.
  const server = spawn('bash', ['-c', `exec ${command}`], {
    cwd: clone,
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

async function checkReadme(folder: string): Promise<void> {
  const clone = join(folder, 'millrace')
  await runCommand('git', ['clone', '--quiet', REPOSITORY_ROOT, clone])
  const changes = await runCommand('git', ['status', '--porcelain'], { cwd: REPOSITORY_ROOT })
  if (changes !== '') console.log('note: changes that are not committed are not part of this check')

  const commands = await readmeCommands(clone)
  const env = newcomersEnvironment()
  for (const [index, command] of commands.entries()) {
    console.log(`$ ${command}`)
    if (index === commands.length - 1) await serveAndAsk(command, clone, env)
    else await runCommand('bash', ['-c', command], { cwd: clone, env, show: true })
  }
}

const folder = await mkdtemp(join(tmpdir(), 'millrace-readme-'))
try {
  await checkReadme(folder)
} finally {
  await rm(folder, { recursive: true, force: true })
}
