import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The command: that of the source, or another build of it that MILLRACE_TEST_MAIN names. */
export const MILLRACE =
  process.env['MILLRACE_TEST_MAIN'] ??
  fileURLToPath(new URL('../../../packages/platform/cli/main.ts', import.meta.url))
/** Dozens of processes compile the same code; this halves what each costs. */
const COMPILE_CACHE = join(tmpdir(), 'millrace-test-compile-cache')
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 30_000

/** A `millrace up` that runs. */
export interface UpProcess {
  /** `http://127.0.0.1:PORT`, for everything. */
  readonly url: string
  /** `127.0.0.1:PORT`, for everything. */
  readonly grpc: string
  readonly dataFolder: string
  readonly pid: number
  /** What it has printed so far, on both streams. */
  readonly printed: () => string
  /** Ends it at once, as a crash would. */
  readonly kill: () => Promise<void>
  /** Asks it to stop. Resolves with its exit code; what it left behind is removed unless the folder was given. */
  readonly stop: () => Promise<number | string>
}

export interface UpOptions {
  /** Kept after the end. Default: a temporary one. */
  readonly dataFolder?: string | undefined
  readonly args?: readonly string[] | undefined
  readonly environment?: Readonly<Record<string, string>> | undefined
}

/** No settings from outside, and nothing that a test runner tells its own children. */
export function ownEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const ours = /^(?:MLSERVER_|MILLRACE_|NODE_|FORCE_COLOR$)/
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name))),
    NO_COLOR: '1',
    NODE_COMPILE_CACHE: COMPILE_CACHE,
    ...extra,
  }
}

/**
 * Starts the real command on free ports.
 * Rejects with what it printed if it does not get ready.
 */
export async function startUp({
  dataFolder: given,
  args = [],
  environment = {},
}: UpOptions = {}): Promise<UpProcess> {
  const dataFolder = given ?? (await mkdtemp(join(tmpdir(), 'millrace-up-')))
  const ports = ['--host', '127.0.0.1', '--http-port', '0', '--grpc-port', '0', '--metrics-port', '0']
  const child = spawn(
    process.execPath,
    ['--conditions=millrace-source', MILLRACE, 'up', '--data', dataFolder, ...ports, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'], cwd: tmpdir(), env: ownEnvironment(environment) },
  )
  let text = ''
  const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string)
  const removeFolder = async () => {
    if (given === undefined) await rm(dataFolder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    await ready(child, piece => {
      text += piece
      return /is up in/.test(text) && /^ +metrics +\S+\n/m.test(text)
    })
  } catch (error) {
    child.kill('SIGKILL')
    await removeFolder()
    throw new Error(`millrace up did not start:\n${text}`, { cause: error })
  }
  return {
    url: /REST +(http:\/\/[\w.:]+)/.exec(text)![1]!,
    grpc: /gRPC +([\w.:]+:\d+)/.exec(text)![1]!,
    dataFolder,
    pid: child.pid!,
    printed: () => text,
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
      const code = await ended
      clearTimeout(timer)
      await removeFolder()
      return code
    },
  }
}

/** Hands every piece that is printed to `isReady`, on and on; resolves when it says so for the first time. */
async function ready(child: ChildProcess, isReady: (piece: string) => boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(
    () => reject(new Error(`not ready within ${START_TIMEOUT_MS} ms`)),
    START_TIMEOUT_MS,
  )
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (piece: string) => {
      if (isReady(piece)) resolve()
    })
  }
  child.once('exit', code => reject(new Error(`ended with exit code ${code}`)))
  child.once('error', reject)
  return promise.finally(() => clearTimeout(timer))
}
