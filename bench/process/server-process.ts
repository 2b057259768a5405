import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { onCore, SERVER_CORE } from './pinning.ts'

const STOP_TIMEOUT_MS = 10_000
const READY_TIMEOUT_MS = 60_000
/** How exactly the start is timed. */
const READY_POLL_MS = 5
/** As much of a server's output as an error message can use. */
const MAX_OUTPUT_LENGTH = 20_000

export interface ServerCommand {
  readonly command: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly workingFolder?: string
  /** Default `one`: the server's core. */
  readonly cores?: 'one' | 'all'
}

/** A server in a process of its own, bound to the server's core. */
export class ServerProcess {
  readonly startedMs = performance.now()
  readonly #child: ChildProcess
  #output = ''

  constructor({ command, environment, workingFolder, cores = 'one' }: ServerCommand) {
    const [file, ...args] = cores === 'one' ? onCore(SERVER_CORE, command) : command
    this.#child = spawn(file!, args, {
      env: { ...process.env, ...environment },
      cwd: workingFolder,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-MAX_OUTPUT_LENGTH)
      })
    }
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the server could not be started')
    return this.#child.pid
  }

  /**
   * Waits until the server has printed this, and returns what the pattern's groups caught.
   * @throws Error with the output when it ends before
   */
  async printed(pattern: RegExp): Promise<readonly string[]> {
    return this.#until(() => pattern.exec(this.#output)?.slice(1))
  }

  /**
   * Waits until this address answers 200.
   * @returns the time since the start of the process
   */
  async answers(url: string): Promise<number> {
    await this.#until(async () => ((await isOk(url)) ? true : undefined))
    return performance.now() - this.startedMs
  }

  /** Asks the server to stop, and makes it stop when it does not. */
  async stop(): Promise<void> {
    if (this.#hasEnded()) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    const patience = new AbortController()
    const outcome = await Promise.race([
      ended,
      setTimeout(STOP_TIMEOUT_MS, 'late', { signal: patience.signal }),
    ])
    patience.abort()
    if (outcome === 'late') {
      this.#child.kill('SIGKILL')
      await ended
    }
  }

  async #until<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
    const deadlineMs = performance.now() + READY_TIMEOUT_MS
    for (;;) {
      const found = await look()
      if (found !== undefined) return found
      if (this.#hasEnded() || performance.now() > deadlineMs) {
        const what = this.#hasEnded() ? 'ended' : `was not ready after ${READY_TIMEOUT_MS / 1000} s`
        await this.stop()
        throw new Error(`the server ${what}; its output:\n${this.#output}`)
      }
      await setTimeout(READY_POLL_MS)
    }
  }

  #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }
}

async function isOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url)
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    return false
  }
}
