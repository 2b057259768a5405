import { type Logger, type ModelSettings, ServingError } from '@millrace/sdk'
import { type Connection, connect } from './connection.ts'
import type { ExecSettings, LaunchSettings } from './exec-settings.ts'
import { findFreePort } from './free-port.ts'
import { type Program, startProgram } from './program.ts'
import { waitUntilReady } from './readiness.ts'

const HOST = '127.0.0.1'
/** Longest pause between a program's end and its next start. */
const LONGEST_DELAY_MS = 60_000

/** A program takes this long to start, more or less, so that nobody should ask again sooner. */
const SHORTEST_HINT_MS = 500

/** A program that is started, watched, and started again when it ends. */
export interface ProgramRunner {
  /** Starts the program. Called once. @throws ServingError when it does not get ready, with its last words */
  readonly start: (signal: AbortSignal) => Promise<Connection>
  /** @throws ServingError UNAVAILABLE with a retry hint while the program is down */
  readonly current: () => Connection
  /** Ends the program, and all that it has started in its process group. Idempotent. */
  readonly close: () => Promise<void>
}

export interface RunnerOptions {
  readonly launch: LaunchSettings
  readonly exec: ExecSettings
  readonly settings: ModelSettings
  readonly log: Logger
  /** Told when the program goes down, and when it is back. */
  readonly onChange: (isUp: boolean) => void
}

export function createProgramRunner(options: RunnerOptions): ProgramRunner {
  return new Runner(options)
}

interface Running {
  readonly program: Program
  readonly connection: Connection
  readonly sinceMs: number
}

class Runner implements ProgramRunner {
  readonly #options: RunnerOptions
  readonly #closing = new AbortController()
  #running: Running | undefined
  /** Why it is down, and when it will be tried again. */
  #down = { reason: 'has not started yet', untilMs: 0 }
  #delayMs: number
  #restart: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(options: RunnerOptions) {
    this.#options = options
    this.#delayMs = options.launch.restartDelayMs
  }

  readonly start = async (signal: AbortSignal): Promise<Connection> => {
    const running = await this.#launch(AbortSignal.any([signal, this.#closing.signal]))
    this.#watch(running)
    return running.connection
  }

  readonly current = (): Connection => {
    if (this.#running?.program.end() === undefined && this.#running !== undefined)
      return this.#running.connection
    const { reason, untilMs } = this.#down
    throw new ServingError('UNAVAILABLE', `the program of model ${this.#options.settings.name} ${reason}`, {
      retryAfterMs: Math.max(SHORTEST_HINT_MS, Math.ceil(untilMs - performance.now())),
    })
  }

  readonly close = async (): Promise<void> => {
    this.#closing.abort(new ServingError('UNAVAILABLE', 'the model is unloaded'))
    clearTimeout(this.#timer)
    const running = this.#running
    this.#running = undefined
    this.#down = { reason: 'is stopped', untilMs: 0 }
    await running?.connection.backend.close()
    await running?.program.stop(this.#options.launch.shutdownTimeoutMs)
    await this.#restart
  }

  /** Starts the program and waits until it is ready; one that does not get ready is stopped. */
  async #launch(signal: AbortSignal): Promise<Running> {
    const { launch, exec, settings, log } = this.#options
    const port = launch.port ?? (await findFreePort())
    const program = startProgram({
      command: launch.command,
      workingDirectory: launch.workingDirectory,
      environment: environmentOf(launch, port, exec.modelDir),
      onLine: (line, stream) => log.info(line, { stream }),
    })
    log.info('the program was started', { pid: program.pid, port })
    const gone = new AbortController()
    void program.ended.then(() => gone.abort())
    const timeout = AbortSignal.timeout(exec.startupTimeoutMs)
    const stopped = AbortSignal.any([signal, gone.signal, timeout])
    let reason = ''
    try {
      const address = `${HOST}:${port}`
      const target = { address, protocol: exec.protocol, modelName: exec.modelName }
      const protocol = await waitUntilReady(target, stopped, why => {
        if (why !== reason) log.debug('the program is not ready yet', { reason: why })
        reason = why
      })
      const connection = await connect(address, protocol, exec, settings, { log, signal: stopped })
      return { program, connection, sinceMs: performance.now() }
    } catch (error) {
      const end = program.end()
      await program.stop(launch.shutdownTimeoutMs)
      if (signal.aborted) throw signal.reason
      if (end !== undefined) throw this.#failure(`${end} before it was ready`, program, error)
      if (timeout.aborted) {
        const seconds = exec.startupTimeoutMs / 1000
        throw this.#failure(`was not ready within ${seconds} s (${reason})`, program, error)
      }
      const message = error instanceof Error ? error.message : String(error)
      throw this.#failure(`cannot be used: ${message}`, program, error)
    }
  }

  #failure(what: string, program: Program, cause: unknown): ServingError {
    const lines = program.lastLines()
    const words = lines.length === 0 ? 'it has written nothing' : `its last lines:\n${lines.join('\n')}`
    const { name } = this.#options.settings
    return new ServingError('FAILED_PRECONDITION', `the program of model ${name} ${what}; ${words}`, {
      cause,
    })
  }

  #watch(running: Running): void {
    this.#running = running
    this.#options.onChange(true)
    const { pid } = running.program
    this.#options.log.info('the program is ready', { pid, protocol: running.connection.backend.protocol })
    void running.program.ended.then(() => {
      if (this.#closing.signal.aborted) return
      this.#running = undefined
      // One that has run for long begins anew with the shortest delay.
      const { restartDelayMs } = this.#options.launch
      if (performance.now() - running.sinceMs > LONGEST_DELAY_MS) this.#delayMs = restartDelayMs
      this.#options.log.error(`the program ${running.program.end()}`, {
        pid: running.program.pid,
        last_lines: running.program.lastLines(),
      })
      this.#options.onChange(false)
      void running.connection.backend.close()
      this.#schedule(`${running.program.end()} and is started again`)
    })
  }

  #schedule(reason: string): void {
    const delayMs = this.#delayMs
    this.#delayMs = Math.max(delayMs, Math.min(LONGEST_DELAY_MS, delayMs * 2))
    this.#down = { reason, untilMs: performance.now() + delayMs }
    this.#timer = setTimeout(() => {
      this.#restart = this.#relaunch()
    }, delayMs)
  }

  async #relaunch(): Promise<void> {
    try {
      const running = await this.#launch(this.#closing.signal)
      if (this.#closing.signal.aborted) {
        await running.connection.backend.close()
        return await running.program.stop(this.#options.launch.shutdownTimeoutMs)
      }
      this.#watch(running)
    } catch (error) {
      if (this.#closing.signal.aborted) return
      const message = error instanceof Error ? error.message : String(error)
      this.#options.log.error('the program could not be started again', { reason: message })
      this.#schedule('could not be started again, and will be tried once more')
    }
  }
}

/** The server's own variables, the author's on top, and above all what tells the program where it is. */
function environmentOf({ environment }: LaunchSettings, port: number, modelDir: string): NodeJS.ProcessEnv {
  return { ...process.env, ...environment, APP_PORT: String(port), MODEL_DIR: modelDir, HOST }
}
