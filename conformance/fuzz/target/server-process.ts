import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Ports } from '../wire/client.ts'
import type { MemoryReport } from './memory-report.ts'

const ENTRY = fileURLToPath(new URL('../../../packages/platform/cli/main.ts', import.meta.url))
const PRELOAD = new URL('./collect-garbage.ts', import.meta.url).href
const START_TIMEOUT_MS = 30_000
const REPORT_TIMEOUT_MS = 30_000
/**
 * Megabytes of heap: little, so that what leaks hits the wall and what is only waste is collected soon. The space for young objects,
 * which otherwise grows with the load for minutes and looks like a leak, gets its final size at once.
 */
const HEAP_FLAGS = ['--max-old-space-size=96', '--max-semi-space-size=2']
/** Standard error that is kept to be shown. */
const SHOWN_BYTES = 20_000

/** What must never be on standard error: a rejection that nobody handled, an exception, the lines of a stack. */
const TROUBLE = /^.*(?:unhandled|uncaught|Warning:|FATAL|heap out of memory|^\s+at \S).*$/im

interface ServerProcessOptions {
  /** Variables besides those of this process. Default: none. */
  readonly environment?: Readonly<Record<string, string>>
  /** What must not be on standard error. Default: rejections and exceptions that nobody handled, warnings, lines of a stack. */
  readonly trouble?: RegExp
}

/** The real server, as `millrace serve` starts it. */
export class ServerProcess {
  readonly ports: Ports
  readonly #child: ChildProcess
  readonly #stderr: { text: string }
  readonly #trouble: RegExp

  private constructor(child: ChildProcess, ports: Ports, stderr: { text: string }, trouble: RegExp) {
    this.#child = child
    this.ports = ports
    this.#stderr = stderr
    this.#trouble = trouble
  }

  /** @throws Error when the server does not become ready */
  static async start(
    repository: string,
    { environment = {}, trouble = TROUBLE }: ServerProcessOptions = {},
  ): Promise<ServerProcess> {
    const child = spawn(
      process.execPath,
      [
        '--conditions=millrace-source',
        '--expose-gc',
        ...HEAP_FLAGS,
        '--import',
        PRELOAD,
        ENTRY,
        'serve',
        repository,
        '--http-port',
        '0',
        '--grpc-port',
        '0',
        '--metrics-port',
        '0',
      ],
      {
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        env: { ...ownEnvironment(), ...environment },
        cwd: repository,
      },
    )
    const stderr = { text: '' }
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr.text = (stderr.text + text).slice(-SHOWN_BYTES)
    })
    try {
      return new ServerProcess(child, await portsOf(child), stderr, trouble)
    } catch (error) {
      child.kill('SIGKILL')
      throw new Error(`the server did not start: ${stderr.text}`, { cause: error })
    }
  }

  /** 0 if it could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** What is wrong with the process, or `undefined` while it runs and keeps silent. */
  trouble(): string | undefined {
    const { exitCode, signalCode } = this.#child
    if (exitCode !== null || signalCode !== null) {
      return `the server ended (${signalCode ?? `exit code ${exitCode}`}): ${this.#stderr.text}`
    }
    const line = this.#trouble.exec(this.#stderr.text)?.[0]
    return line === undefined
      ? undefined
      : `standard error has ${JSON.stringify(line)} in: ${this.#stderr.text}`
  }

  /** Collects garbage, then measures. */
  async measure(): Promise<MemoryReport> {
    const reply = once(this.#child, 'message', { signal: AbortSignal.timeout(REPORT_TIMEOUT_MS) })
    this.#child.send('measure')
    const [report] = (await reply) as [MemoryReport]
    return report
  }

  /** Asks the server to stop, and makes it after a while. Resolves with what is wrong with how it stopped. */
  async stop(): Promise<string | undefined> {
    const { exitCode, signalCode } = this.#child
    if (exitCode !== null || signalCode !== null) return undefined
    const ended = once(this.#child, 'exit') as Promise<[number | null, string | null]>
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), START_TIMEOUT_MS)
    const [code, signal] = await ended
    clearTimeout(timer)
    return code === 0
      ? undefined
      : `the server stopped with ${signal ?? `exit code ${code}`}: ${this.#stderr.text}`
  }
}

/** No settings from outside, and nothing that a test runner tells its own children. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const ours = /^(?:MLSERVER_|MILLRACE_|NODE_|FORCE_COLOR$)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)))
}

/** Reads the ports from what the server prints, and waits until its models are ready. */
async function portsOf(child: ChildProcess): Promise<Ports> {
  const { promise, resolve, reject } = Promise.withResolvers<Ports>()
  let text = ''
  const timer = setTimeout(
    () => reject(new Error(`not ready within ${START_TIMEOUT_MS} ms`)),
    START_TIMEOUT_MS,
  )
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
    if (!/ready in/.test(text)) return
    const port = (pattern: RegExp) => Number(pattern.exec(text)?.[1])
    resolve({
      rest: port(/REST\s+http:\/\/127\.0\.0\.1:(\d+)/),
      grpc: port(/gRPC\s+127\.0\.0\.1:(\d+)/),
      metrics: port(/metrics\s+http:\/\/127\.0\.0\.1:(\d+)/),
    })
  })
  child.once('exit', code => reject(new Error(`ended with exit code ${code}`)))
  child.once('error', reject)
  return promise.finally(() => clearTimeout(timer))
}
