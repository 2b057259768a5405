import { spawn } from 'node:child_process'
import { createLineSplitter, guardedCommand, LIFELINE, signalGroup } from '@millrace/sdk/process'

/** How many of the latest lines are kept for messages of errors, and how much of each. */
const KEPT_LINES = 20
const KEPT_CHARACTERS = 500
/** How long output that somebody else holds open is waited for, after the program has ended. */
const OUTPUT_GRACE_MS = 1000

export interface ProgramOptions {
  readonly command: readonly string[]
  readonly workingDirectory: string
  /** All of it: nothing is added. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Gets every line of its output as it comes. */
  readonly onLine: (line: string, stream: 'stdout' | 'stderr') => void
}

/** A program that was started, as the leader of a process group of its own. */
export interface Program {
  readonly pid: number | undefined
  /** How it ended, such as `ended with exit code 3`; undefined while it runs. */
  readonly end: () => string | undefined
  /** Settles when it has ended and its output is read. Never rejects. */
  readonly ended: Promise<void>
  /** The latest lines of its output. */
  readonly lastLines: () => readonly string[]
  /** Asks it to end (SIGTERM to the group), and kills the group when it has not after `graceMs`. Idempotent. */
  readonly stop: (graceMs: number) => Promise<void>
}

/** Starts a program. One that cannot be started ends at once. */
export function startProgram({ command, workingDirectory, environment, onLine }: ProgramOptions): Program {
  const [shell, ...args] = guardedCommand(command, 'millrace-exec')
  const child = spawn(shell, args, {
    cwd: workingDirectory,
    env: environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  let end: string | undefined
  const keep = (line: string, stream: 'stdout' | 'stderr') => {
    if (lines.length >= KEPT_LINES) lines.shift()
    lines.push(line.slice(0, KEPT_CHARACTERS))
    onLine(line, stream)
  }
  for (const stream of ['stdout', 'stderr'] as const) {
    const splitter = createLineSplitter(line => keep(line, stream))
    child[stream]?.on('data', splitter.push).on('end', splitter.end).on('error', ignore)
  }
  const lifeline = child.stdio[LIFELINE]
  lifeline?.on('error', ignore)

  /** Nothing of the group stays behind: the watcher lives in it, so its number is nobody else's yet. */
  const killGroup = () => {
    signalGroup(child.pid, 'SIGKILL')
    lifeline?.destroy()
  }
  const ended = new Promise<void>(resolve => {
    child.once('error', error => {
      end ??= `could not be started: ${error.message}`
      killGroup()
      resolve()
    })
    child.once('exit', (code, signal) => {
      end ??= signal === null ? `ended with exit code ${code}` : `was ended by signal ${signal}`
      killGroup()
      setTimeout(resolve, OUTPUT_GRACE_MS).unref()
    })
    child.once('close', () => resolve())
  })
  let stopping: Promise<void> | undefined
  const stop = async (graceMs: number) => {
    if (end !== undefined) return ended
    signalGroup(child.pid, 'SIGTERM')
    const timer = setTimeout(killGroup, graceMs)
    await ended
    clearTimeout(timer)
  }
  return {
    pid: child.pid,
    end: () => end,
    ended,
    lastLines: () => [...lines],
    stop: graceMs => (stopping ??= stop(graceMs)),
  }
}

function ignore(): void {
  // Output that breaks off is followed by the program's end, which says why.
}
