import { spawn } from 'node:child_process'
import { createLineSplitter, guardedCommand, LIFELINE, signalGroup } from '@millrace/sdk/process'
import { leftOut } from './line-ring.ts'
import { createOutputBudget } from './output-budget.ts'

/** How many of the latest lines are kept for messages, and how much of each. */
const KEPT_LINES = 20
const KEPT_CHARACTERS = 500
/** How long output that somebody else holds open is waited for, after the process has ended. */
const OUTPUT_GRACE_MS = 1000

export interface GuardedProcessOptions {
  readonly command: readonly string[]
  readonly workingFolder: string
  /** All of it: nothing is added. */
  readonly environment: Readonly<Record<string, string>>
  /** Gets the lines of its output as they come. */
  readonly onLine: (line: string) => void
}

/** A process that was started as the leader of a process group of its own, and that does not outlive this one. */
export interface GuardedProcess {
  /** Undefined for one that could not be started. */
  readonly pid: number | undefined
  /** How it ended, such as `ended with exit code 3`; undefined while it runs. */
  readonly end: () => string | undefined
  /** Settles as soon as it has ended. Never rejects. */
  readonly exited: Promise<void>
  /** The latest lines of its output. */
  readonly lastLines: () => readonly string[]
  /**
   * Asks it to end (SIGTERM to the group), and kills the group when it has not after `graceMs`. Settles when it has ended
   * and its output is read. Idempotent.
   */
  readonly stop: (graceMs: number) => Promise<void>
}

/** Starts a process. One that cannot be started ends at once. */
export function startGuardedProcess(options: GuardedProcessOptions): GuardedProcess {
  const [shell, ...args] = guardedCommand(options.command, 'millrace-replica')
  const child = spawn(shell, args, {
    cwd: options.workingFolder,
    env: options.environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const keep = (line: string) => {
    if (lines.length >= KEPT_LINES) lines.shift()
    lines.push(line.slice(0, KEPT_CHARACTERS))
    options.onLine(line)
  }
  const budget = createOutputBudget()
  for (const stream of [child.stdout, child.stderr]) {
    const splitter = createLineSplitter(keep)
    const take = (chunk: Uint8Array) => {
      const { isKept, left } = budget.take(chunk.length)
      if (left > 0) {
        splitter.end()
        keep(leftOut(`${left} bytes`))
      }
      if (isKept) splitter.push(chunk)
    }
    const end = () => {
      take(new Uint8Array())
      splitter.end()
    }
    stream?.on('data', take).on('end', end).on('error', ignore)
  }
  const lifeline = child.stdio[LIFELINE]
  lifeline?.on('error', ignore)

  let end: string | undefined
  /** Nothing of the group stays behind: the watcher lives in it, so its number is nobody else's yet. */
  const killGroup = () => {
    signalGroup(child.pid, 'SIGKILL')
    lifeline?.destroy()
  }
  const exited = new Promise<void>(resolve => {
    child.once('error', error => {
      end ??= `could not be started: ${error.message}`
      killGroup()
      resolve()
    })
    child.once('exit', (code, signal) => {
      end ??= signal === null ? `ended with exit code ${code}` : `was ended by signal ${signal}`
      killGroup()
      resolve()
    })
  })
  const closed = new Promise<void>(resolve => child.once('close', () => resolve()))
  const outputRead = exited.then(async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, child.pid === undefined ? 0 : OUTPUT_GRACE_MS)
    await Promise.race([closed, promise])
    clearTimeout(timer)
    for (const stream of [child.stdout, child.stderr]) stream?.destroy()
  })
  let stopping: Promise<void> | undefined
  const stop = async (graceMs: number) => {
    if (end === undefined) {
      signalGroup(child.pid, 'SIGTERM')
      const timer = setTimeout(killGroup, graceMs)
      await exited
      clearTimeout(timer)
    }
    await outputRead
  }
  return {
    pid: child.pid,
    end: () => end,
    exited,
    lastLines: () => [...lines],
    stop: graceMs => (stopping ??= stop(graceMs)),
  }
}

function ignore(): void {
  // Output that breaks off is followed by the process's end, which says why.
}
