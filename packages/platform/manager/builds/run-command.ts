import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { ServingError } from '@millrace/sdk'
import type { StringMap } from '../../store/index.ts'
import { splitLines } from './split-lines.ts'

export interface CommandOptions {
  /** A line for `sh -c`. */
  readonly command: string
  readonly folder: string
  /** All that it sees of variables. */
  readonly environment: StringMap
  readonly timeoutMs: number
  /** Of its output; what is beyond is read and dropped. */
  readonly outputBytesMax: number
  readonly signal: AbortSignal
  /** Takes lines as they come; the command waits when it is slow. */
  readonly onLines: (lines: readonly string[]) => Promise<void>
}

/** The descriptor of the pipe that ends when this process does. */
const LIFELINE = 3

/**
 * The shell's own work before the command: standard error joins standard output, so that lines keep their order, and a
 * watcher waits for the pipe's end to kill the process group, for this process may be killed and could not do it.
 */
const SCRIPT = `( trap '' HUP INT QUIT TERM; read -r _ <&${LIFELINE}; kill -s KILL 0 ) </dev/null >/dev/null 2>&1 &
exec sh -c "$1" ${LIFELINE}<&- 2>&1`

/**
 * Runs a command in a process group of its own until its shell ends; what it has left behind in the group is killed then.
 *
 * Rejects FAILED_PRECONDITION for an exit that is not 0, DEADLINE_EXCEEDED when the time is over, and with the signal's reason.
 */
export async function runCommand(options: CommandOptions): Promise<void> {
  const { command, folder, environment, timeoutMs, outputBytesMax, signal, onLines } = options
  signal.throwIfAborted()
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'millrace-build', command], {
    cwd: folder,
    env: environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
  })
  const ended = once(child, 'exit') as Promise<[code: number | null, signal: string | null]>
  const killGroup = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // Nobody is left in it.
    }
  }
  let isTimeOver = false
  const timer = setTimeout(() => {
    isTimeOver = true
    killGroup()
  }, timeoutMs)
  signal.addEventListener('abort', killGroup, { once: true })
  // Children of the command may hold its output open after it.
  void ended.then(killGroup, () => {})
  try {
    const [[code, killedBy]] = await Promise.all([ended, readLines(child.stdout!, outputBytesMax, onLines)])
    signal.throwIfAborted()
    if (isTimeOver) {
      throw new ServingError(
        'DEADLINE_EXCEEDED',
        `the install command did not end within ${timeoutMs} ms, which is the limit`,
      )
    }
    if (code === 0) return
    const how = code === null ? `was ended by ${killedBy}` : `ended with exit code ${code}`
    throw new ServingError('FAILED_PRECONDITION', `the install command ${how}`)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', killGroup)
    killGroup()
    child.stdio[LIFELINE]?.destroy()
  }
}

async function readLines(
  output: Readable,
  bytesMax: number,
  onLines: CommandOptions['onLines'],
): Promise<void> {
  let bytes = 0
  const counted = async function* () {
    for await (const chunk of output as AsyncIterable<Buffer>) {
      const isBeyond = bytes > bytesMax
      bytes += chunk.byteLength
      if (!isBeyond) yield chunk
    }
  }
  for await (const lines of splitLines(counted())) await onLines(lines)
  if (bytes > bytesMax) await onLines([`… (cut: more than ${bytesMax} bytes of output)`])
}
