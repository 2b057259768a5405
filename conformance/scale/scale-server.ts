import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { MILLRACE, ownEnvironment } from '../hydrosphere/bed/up-process.ts'

/** Standard error that is kept to be shown. */
const SHOWN_CHARACTERS = 20_000
const START_TIMEOUT_MS = 120_000

export interface ScaleServerOptions {
  readonly folder: string
  /** Server settings by their names. */
  readonly settings: Readonly<Record<string, string | number | boolean>>
  /** Is told every line of the log, which is JSON. Default: nobody is. */
  readonly onLine?: ((line: LogLine) => void) | undefined
}

export interface LogLine {
  readonly level: string
  readonly time: string
  readonly message: string
  readonly [field: string]: unknown
}

/** The real command, as somebody starts it who has a folder of models. */
export class ScaleServer {
  readonly restPort: number
  readonly metricsPort: number
  /** Of `Date.now`. */
  readonly spawnedMs: number
  readonly listeningMs: number
  readonly #child: ChildProcess
  readonly #shown: { text: string }

  private constructor(
    child: ChildProcess,
    times: { readonly spawnedMs: number; readonly listeningMs: number },
    shown: { text: string },
    printed: string,
  ) {
    this.#child = child
    this.#shown = shown
    this.spawnedMs = times.spawnedMs
    this.listeningMs = times.listeningMs
    this.restPort = Number(/REST +http:\/\/[\w.]+:(\d+)/.exec(printed)?.[1])
    this.metricsPort = Number(/metrics +http:\/\/[\w.]+:(\d+)/.exec(printed)?.[1])
  }

  /** Resolves when it listens. @throws Error with what it printed if it ends before */
  static async start({ folder, settings, onLine }: ScaleServerOptions): Promise<ScaleServer> {
    const variables = Object.entries({
      host: '127.0.0.1',
      http_port: 0,
      grpc_port: 0,
      metrics_port: 0,
      use_structured_logging: true,
      shutdown_timeout: 10,
      ...settings,
    }).map(([name, value]): [string, string] => [`MILLRACE_${name.toUpperCase()}`, String(value)])
    const spawnedMs = Date.now()
    const child = spawn(process.execPath, ['--conditions=millrace-source', MILLRACE, 'serve', folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: tmpdir(),
      env: ownEnvironment(Object.fromEntries(variables)),
    })
    const shown = { text: '' }
    readLines(child, shown, onLine)
    let printed = ''
    const { promise: listening, resolve, reject } = Promise.withResolvers<number>()
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      printed = (printed + piece).slice(-SHOWN_CHARACTERS)
      if (/metrics +http\S+\n/.test(printed)) resolve(Date.now())
    })
    child.once('error', reject)
    child.once('exit', code =>
      reject(new Error(`millrace serve ended with ${code}: ${printed}${shown.text}`)),
    )
    const timer = setTimeout(
      () => reject(new Error(`not listening in ${START_TIMEOUT_MS} ms: ${shown.text}`)),
      START_TIMEOUT_MS,
    )
    try {
      return new ScaleServer(child, { spawnedMs, listeningMs: await listening }, shown, printed)
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Resident memory now. */
  residentBytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
  }

  /** What is wrong with the process, or `undefined` while it runs. */
  trouble(): string | undefined {
    const { exitCode, signalCode } = this.#child
    if (exitCode === null && signalCode === null) return undefined
    return `the server ended (${signalCode ?? `exit code ${exitCode}`}): ${this.#shown.text}`
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    if (this.trouble() !== undefined) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }

  /** Asks it to stop. */
  async stop(): Promise<void> {
    if (this.trouble() !== undefined) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), START_TIMEOUT_MS)
    await ended
    clearTimeout(timer)
  }
}

function readLines(child: ChildProcess, shown: { text: string }, onLine: ScaleServerOptions['onLine']): void {
  let rest = ''
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
    shown.text = (shown.text + piece).slice(-SHOWN_CHARACTERS)
    if (onLine === undefined) return
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('{')) onLine(JSON.parse(line) as LogLine)
  })
}
