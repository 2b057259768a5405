import { type ChildProcess, spawn } from 'node:child_process'
import { findPackageJSON } from 'node:module'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { type LoadContext, ServingError } from '@millrace/sdk'
import {
  createFrameReader,
  createFrameWriter,
  type Description,
  FROM_PYTHON,
  type Frame,
  list,
  readDescription,
  readFailure,
  TO_PYTHON,
  text,
} from '../channel/index.ts'
import { createCalls, type ProcessCalls } from './calls.ts'
import type { Interpreter } from './interpreter.ts'
import { createLineLog } from './line-log.ts'
import { loadError } from './load-error.ts'
import type { MetricForwarder } from './metric-forwarder.ts'

/** What a process is to load: the fields of `LoadSpec` in `millrace_host/adapter.py`. */
export interface LoadSpec {
  /** The module of `millrace_host.adapters` that knows this kind of model. */
  readonly kind: string
  readonly implementation: string
  readonly folder: string
  readonly import_paths: readonly string[]
  readonly settings: Readonly<Record<string, unknown>>
  readonly options: Readonly<Record<string, unknown>>
  readonly allows_pickle: boolean
}

/** One Python process with one model. */
export interface PythonProcess extends ProcessCalls {
  readonly pid: number
  readonly description: Description
  /** Fulfilled when the process is gone, with how it ended: `exit code 1`, `signal SIGSEGV`. */
  readonly exited: Promise<string>
  /** Has the model unload and the process end, by force if it does not; fulfilled when it is gone. */
  end(): Promise<void>
}

export interface ProcessOptions {
  readonly modelName: string
  readonly interpreter: Interpreter
  readonly spec: LoadSpec
  readonly context: Pick<LoadContext, 'log'>
  readonly forwardMetrics: MetricForwarder
  /** Ends the start; later it has no effect. */
  readonly signal: AbortSignal
}

/** How long a model may take to unload, and then to react to SIGTERM, before the process is killed. */
const UNLOAD_MS = 10_000
const TERM_MS = 3000

// Beside the package's manifest, wherever this file was built to.
const PROGRAM = join(findPackageJSON(import.meta.url)!, '../python/millrace_host')

/**
 * Starts a process and has it load the model.
 * @throws ServingError FAILED_PRECONDITION when the interpreter cannot serve; what loading failed with; the signal's reason
 */
export async function startPythonProcess(options: ProcessOptions): Promise<PythonProcess> {
  const { interpreter, modelName, spec, context, signal, forwardMetrics } = options
  signal.throwIfAborted()
  const child = spawn(interpreter.path, ['-X', 'faulthandler', PROGRAM, '3'], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    // A group of its own: Ctrl+C in a terminal is for the server, and what the model started can be ended with it.
    detached: true,
    env: { ...process.env, PYTHONUNBUFFERED: '1' },
  })
  const log = createLineLog(context.log, { pid: child.pid })
  const ending = followEnd(child, () => log.end())
  child.stdout!.on('data', (piece: Buffer) => log.write('stdout', piece))
  child.stderr!.on('data', (piece: Buffer) => log.write('stderr', piece))

  const socket = child.stdio[3] as Duplex
  // Told again by the end of the process.
  socket.on('error', () => undefined)
  const writer = createFrameWriter(socket)
  const calls = createCalls(writer, modelName, context.log)
  const { promise: loaded, resolve, reject } = Promise.withResolvers<Description>()
  const { promise: unloaded, resolve: resolveUnloaded } = Promise.withResolvers<void>()
  let isLoaded = false

  const onFrame = (frame: Frame): void => {
    switch (frame.kind) {
      case FROM_PYTHON.HELLO:
        writer.send(TO_PYTHON.LOAD, 0, spec)
        return
      case FROM_PYTHON.LOADED:
        isLoaded = true
        resolve(readDescription(frame))
        return
      case FROM_PYTHON.FAILED:
        if (frame.call === 0) reject(loadError(modelName, readFailure(frame), context.log))
        else calls.onFrame(frame)
        return
      case FROM_PYTHON.UNLOADED:
        if (frame.header !== null) {
          const { error, traceback } = readFailure(frame)
          context.log.error(`Model ${modelName} failed to unload: ${error.message}`, {
            pid: child.pid,
            traceback,
          })
        }
        resolveUnloaded()
        return
      case FROM_PYTHON.LOG: {
        const [level, line] = list(frame.header)
        log.line(text(level), text(line))
        return
      }
      case FROM_PYTHON.METRICS:
        forwardMetrics(frame.header)
        return
      default:
        calls.onFrame(frame)
    }
  }

  const reader = createFrameReader(onFrame)
  socket.on('data', (piece: Buffer) => {
    try {
      reader.push(piece)
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      context.log.error(`The Python process of model ${modelName} sent what cannot be read: ${problem}`, {
        pid: child.pid,
      })
      socket.pause()
      kill(child, 'SIGKILL')
    }
  })

  void ending.then(how => {
    // What the model started and left behind.
    kill(child, 'SIGKILL')
    socket.destroy()
    calls.fail(diedDuring(modelName, how))
    if (!isLoaded) reject(startError(options, how, log.tail()))
    resolveUnloaded()
  })

  const abort = (): void => {
    // The server's own reason: a time that was allowed, or its end.
    reject(signal.reason)
    kill(child, 'SIGKILL')
  }
  signal.addEventListener('abort', abort, { once: true })

  const end = async (): Promise<void> => {
    writer.send(TO_PYTHON.UNLOAD, 0, null)
    const timer = setTimeout(() => {
      kill(child, 'SIGTERM')
      timers.push(setTimeout(() => kill(child, 'SIGKILL'), TERM_MS))
    }, UNLOAD_MS)
    const timers = [timer]
    await unloaded
    await ending
    for (const each of timers) clearTimeout(each)
  }

  try {
    const description = await loaded
    return { ...calls.asked, pid: child.pid!, description, exited: ending, end: once(end) }
  } catch (error) {
    kill(child, 'SIGKILL')
    await ending
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Fulfilled when the process is gone and all it printed has been read. */
function followEnd(child: ChildProcess, onEnd: () => void): Promise<string> {
  return new Promise(resolve => {
    child.once('error', error => {
      if (child.pid === undefined) resolve(`it could not be started: ${error.message}`)
    })
    child.once('exit', (code, signal) => {
      // What it printed last may still be in the pipes; a process that inherited them would keep them open.
      const timer = setTimeout(finish, 500)
      child.once('close', finish)
      function finish(): void {
        clearTimeout(timer)
        child.stdout?.destroy()
        child.stderr?.destroy()
        onEnd()
        resolve(signal === null ? `exit code ${code}` : `signal ${signal}`)
      }
    })
  })
}

function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // Nobody is left.
  }
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => (running ??= run())
}

function diedDuring(modelName: string, how: string): ServingError {
  return new ServingError('UNAVAILABLE', `The Python process of model ${modelName} ended with ${how}`, {
    retryAfterMs: 1000,
  })
}

function startError({ interpreter, modelName }: ProcessOptions, how: string, tail: string): ServingError {
  const last = tail === '' ? '' : `; it wrote last:\n${tail.split('\n').slice(-6).join('\n')}`
  return new ServingError(
    'FAILED_PRECONDITION',
    `Model ${modelName}: ${interpreter.path} (chosen by ${interpreter.chosenBy}) ended with ${how} before the model was loaded${last}`,
  )
}
