import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Channel } from './channel.ts'
import { createSocketChannel } from './socket-channel.ts'
import { createThreadChannel } from './thread-channel.ts'

/** `thread` shares the server's process and moves memory; `process` has its own and may be killed from outside. */
export type WorkerKind = 'thread' | 'process'

/** How a worker ended. */
export interface WorkerExit {
  /** `exit code 1`, `signal SIGKILL`. */
  readonly how: string
  /** What it ended of, where that is known. */
  readonly error: Error | undefined
  /** True if it was ended, and native code holds its thread all the same: until that returns, which may be never. */
  readonly isHeld: boolean
}

export interface StartedWorker {
  readonly channel: Channel
  /** The number of its thread or process; 0 if it could not be started. */
  readonly id: number
  /** Ends it at once, whatever it is doing; a thread that native code holds is given up after `stopTimeoutMs`, at least a second. */
  kill(): void
  /** Resolves after its last message, or when it has been given up; never rejects. */
  readonly exited: Promise<WorkerExit>
}

/** To a worker that never was. */
const NO_CHANNEL: Channel = { isTransferring: false, send: () => {}, listen: () => {} }

/** What a thread has to end in, however short the timeout: one that runs JavaScript needs milliseconds. */
const MIN_END_MS = 1000

const ENTRY = new URL('./worker-entry.ts', import.meta.url)

/** Starts a thread or process that runs a worker, in the environment that lies in a folder if one is given. */
export function startWorker(
  kind: WorkerKind,
  environmentFolder: string | undefined,
  stopTimeoutMs: number,
): StartedWorker {
  try {
    return kind === 'thread' ? startThread(environmentFolder, stopTimeoutMs) : startProcess(environmentFolder)
  } catch (error) {
    // No more files or processes to be had: as if it had ended at once, so that it is tried again.
    return unstarted(error instanceof Error ? error : new Error(String(error)))
  }
}

function unstarted(reason: Error): StartedWorker {
  return {
    channel: NO_CHANNEL,
    id: 0,
    kill: ignore,
    exited: Promise.resolve({ how: 'an error', error: reason, isHeld: false }),
  }
}

function ignore(): void {}

function startThread(environmentFolder: string | undefined, stopTimeoutMs: number): StartedWorker {
  const worker = new Worker(ENTRY, {
    argv: [environmentFolder ?? ''],
    name: 'millrace worker',
    ...(environmentFolder === undefined ? {} : { env: variablesOf(environmentFolder) }),
  })
  let error: Error | undefined
  worker.on('error', thrown => {
    error = thrown instanceof Error ? thrown : new Error(String(thrown))
  })
  const { promise: exited, resolve } = Promise.withResolvers<WorkerExit>()
  let giveUp: NodeJS.Timeout | undefined
  worker.on('exit', code => {
    clearTimeout(giveUp)
    resolve({ how: `exit code ${code}`, error, isHeld: false })
  })
  return {
    channel: createThreadChannel(worker),
    id: worker.threadId,
    kill() {
      // Ends JavaScript wherever it is, but not a call into native code, such as the run of an ONNX model.
      void worker.terminate()
      giveUp ??= setTimeout(
        () => resolve({ how: 'native code that holds its thread', error, isHeld: true }),
        Math.max(stopTimeoutMs, MIN_END_MS),
      )
    },
    exited,
  }
}

function startProcess(environmentFolder: string | undefined): StartedWorker {
  const child = spawn(
    process.execPath,
    [...inheritedFlags(process.execArgv), fileURLToPath(ENTRY), environmentFolder ?? ''],
    {
      // The fourth is a socket pair: the channel.
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
      env: environmentFolder === undefined ? process.env : variablesOf(environmentFolder),
    },
  )
  endWithServer(child)
  const { promise: exited, resolve } = Promise.withResolvers<WorkerExit>()
  child.on('error', error => resolve({ how: 'an error', error, isHeld: false }))
  // Without a process there may be no socket either.
  const socket = child.stdio?.[3] as Socket | undefined
  // Not `exit`, which may come before the last bytes.
  child.on('close', (code, signal) =>
    resolve({
      how: signal === null ? `exit code ${code}` : `signal ${signal}`,
      error: undefined,
      isHeld: false,
    }),
  )
  return {
    channel: socket === undefined ? NO_CHANNEL : createSocketChannel(socket),
    id: child.pid ?? 0,
    kill: () => void child.kill('SIGKILL'),
    exited,
  }
}

const children = new Set<ChildProcess>()

/** A worker learns from its channel that its server has ended, but not while a model keeps its thread busy. */
function endWithServer(child: ChildProcess): void {
  if (children.size === 0) process.on('exit', endChildren)
  children.add(child)
  child.once('close', () => {
    children.delete(child)
    if (children.size === 0) process.off('exit', endChildren)
  })
}

function endChildren(): void {
  for (const child of children) child.kill('SIGKILL')
}

/** Programs of the environment are found before others. */
function variablesOf(environmentFolder: string): NodeJS.ProcessEnv {
  const path = [join(environmentFolder, 'bin'), process.env['PATH'] ?? ''].filter(part => part !== '')
  return { ...process.env, PATH: path.join(delimiter) }
}

/** Flags that say what to run, or claim a port that the server has, would keep a process from being a worker. */
function inheritedFlags(flags: readonly string[]): string[] {
  const inherited: string[] = []
  for (let index = 0; index < flags.length; index++) {
    const flag = flags[index]!
    if (/^(?:-e|-p|-pe|--eval|--print)$/.test(flag)) index++
    else if (!/^--(?:eval|print|input-type|inspect|test|watch)\b/.test(flag) && flag !== '-i')
      inherited.push(flag)
  }
  return inherited
}
