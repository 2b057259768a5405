import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect } from '../target/target.ts'
import { freePort } from './free-port.ts'
import type { LaunchedServer, Launcher, LaunchOptions, PlacedModel } from './launcher.ts'
import { until } from './until.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
/** The three listeners, by the names of their settings. */
const PORTS = ['http_port', 'grpc_port', 'metrics_port'] as const

/** What differs between the servers. */
export interface ServerKind {
  readonly name: Launcher['name']
  /** A folder with one folder a probe. */
  readonly probes: string
  /** The program and the arguments before every other. */
  readonly program: readonly [string, ...string[]]
  /** Arguments that serve a folder. */
  readonly serve: (folder: string) => readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly startLimitMs: number
}

/** Starts processes, each over a repository in a temporary folder. */
export function processLauncher(kind: ServerKind): Launcher {
  const start = (args: readonly string[], cwd: string, environment: Readonly<Record<string, string>> = {}) =>
    startProcess([...kind.program, ...args], cwd, { ...kind.environment, ...environment })
  return {
    name: kind.name,
    async implementation(probe) {
      return ((await settingsOf(kind, probe))['implementation'] ?? '') as string
    },
    async command(args) {
      const run = start(args, tmpdir())
      return { exitCode: await run.exited, output: run.log() }
    },
    async writeRepository(folder, models) {
      for (const model of models) await place(kind, folder, model)
    },
    launch: options => launch(kind, options, start),
  }
}

async function launch(
  kind: ServerKind,
  options: LaunchOptions,
  start: (
    args: readonly string[],
    cwd: string,
    environment?: Readonly<Record<string, string>>,
  ) => RunningProcess,
): Promise<LaunchedServer> {
  const home = await mkdtemp(join(tmpdir(), 'conformance-'))
  // Probes in TypeScript import the SDK by name.
  await symlink(join(ROOT, 'node_modules'), join(home, 'node_modules'))
  const folder = join(home, 'repository')
  const settings: Record<string, unknown> = { host: '127.0.0.1' }
  for (const name of PORTS) settings[name] = await freePort()
  Object.assign(settings, options.settings)
  await write(folder, 'settings.json', JSON.stringify(settings))
  for (const model of options.models ?? []) await place(kind, folder, model)
  for (const [path, text] of Object.entries(options.files ?? {})) await write(folder, path, text)

  const path = (settings['metrics_endpoint'] ?? '/metrics') as string
  const server = connect({
    rest: `http://127.0.0.1:${String(settings['http_port'])}`,
    grpc: `127.0.0.1:${String(settings['grpc_port'])}`,
    metrics: `http://127.0.0.1:${String(settings['metrics_port'])}${path}`,
  })
  const run = start(kind.serve(folder), folder, options.environment)
  const launched: LaunchedServer = {
    rest: server.rest,
    grpc: server.grpc,
    metrics: server.metrics,
    folder,
    place: model => place(kind, folder, model),
    kill: signal => void run.child.kill(signal),
    exited: run.exited,
    log: run.log,
    async dispose() {
      server.close()
      run.endGroup()
      await run.exited
      await rm(home, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  const { waitFor = 'ready' } = options
  if (waitFor === 'process') return launched
  let hasEnded = false
  void run.exited.then(() => {
    hasEnded = true
  })
  try {
    await until(
      `${kind.name} to be ${waitFor}`,
      async () => {
        if (hasEnded) throw new Error('the process has ended')
        const answer = await server.rest.get(`/v2/health/${waitFor}`).catch(() => undefined)
        return answer?.status === 200
      },
      kind.startLimitMs,
    )
  } catch (error) {
    await launched.dispose()
    const reason = error instanceof Error ? error.message : String(error)
    const lastLines = run.log().trimEnd().split('\n').slice(-2).join(' ')
    throw new Error(`${reason}: ${lastLines}`, { cause: error })
  }
  return launched
}

async function place(kind: ServerKind, folder: string, model: PlacedModel): Promise<void> {
  const to = join(folder, model.folder)
  await cp(join(kind.probes, model.probe), to, { recursive: true })
  const settings = { ...(await settingsOf(kind, model.probe)), ...model.settings }
  await write(to, 'model-settings.json', JSON.stringify(settings))
}

async function settingsOf(kind: ServerKind, probe: string): Promise<Readonly<Record<string, unknown>>> {
  const text = await readFile(join(kind.probes, probe, 'model-settings.json'), 'utf8')
  return JSON.parse(text) as Readonly<Record<string, unknown>>
}

async function write(folder: string, path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), text)
}

interface RunningProcess {
  readonly child: ChildProcess
  readonly exited: Promise<number | string>
  readonly log: () => string
  /** Ends it together with the processes that it has started. */
  endGroup(): void
}

function startProcess(
  [program = '', ...args]: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>>,
): RunningProcess {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(MLSERVER|MILLRACE|NODE_TEST|FORCE_COLOR|OTEL)/.test(name),
  )
  const child = spawn(program, args, {
    cwd,
    env: { ...Object.fromEntries(inherited), NO_COLOR: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
  }
  const exited = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string)
  return {
    child,
    exited,
    log: () => text,
    endGroup: () => {
      if (child.pid === undefined) return
      try {
        // Its own process group: nothing but what it started.
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It has ended already.
      }
    },
  }
}
