import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { MILLRACE, ownEnvironment } from '../../hydrosphere/bed/up-process.ts'

/** A model server as an image starts it in the pod of a mesh. */
export interface ServerProcess {
  /** Host and port. */
  readonly grpc: string
  /** Base URL. */
  readonly rest: string
  readonly pid: number
  /** What it has printed so far, on both streams. */
  readonly printed: () => string
  /** Resident memory. */
  readonly residentBytes: () => Promise<number>
  /** Ends it at once, as a crash would. */
  readonly kill: () => Promise<void>
  /** Asks it to stop; resolves with its exit code. */
  readonly stop: () => Promise<number | string>
}

export interface ServerProcessOptions {
  readonly modelsFolder: string
  /** Default: free ones. */
  readonly grpcPort?: number | undefined
  readonly httpPort?: number | undefined
  /** Beside the original's variables, or in their place. */
  readonly environment?: Readonly<Record<string, string>> | undefined
}

/** The class that images in these tests have for models whose settings name none. */
export const CUSTOM_MODEL = `${fileURLToPath(new URL('../models/custom-model.ts', import.meta.url))}:CustomModel`

/**
 * Starts the command with the variables that a ServingRuntime for MLServer has.
 * Rejects with what it printed if it ends before it listens.
 */
export async function startServerProcess({
  modelsFolder,
  grpcPort = 0,
  httpPort = 0,
  environment = {},
}: ServerProcessOptions): Promise<ServerProcess> {
  const variables = {
    MLSERVER_MODELS_DIR: modelsFolder,
    MLSERVER_GRPC_PORT: String(grpcPort),
    MLSERVER_HTTP_PORT: String(httpPort),
    MLSERVER_LOAD_MODELS_AT_STARTUP: 'false',
    MLSERVER_MODEL_NAME: 'dummy-model',
    MLSERVER_MODEL_IMPLEMENTATION: CUSTOM_MODEL,
    MLSERVER_HOST: '127.0.0.1',
    MLSERVER_GRPC_MAX_MESSAGE_LENGTH: '-1',
    MLSERVER_DEBUG: 'true',
    MLSERVER_MODEL_PARALLEL_WORKERS: '0',
    // Not in the original: other tests run beside this one.
    MILLRACE_METRICS_PORT: '0',
    ...environment,
  }
  const child = spawn(process.execPath, ['--conditions=millrace-source', MILLRACE, 'serve', modelsFolder], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: tmpdir(),
    env: ownEnvironment(variables),
  })
  let text = ''
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
      if (/Ctrl\+C stops it/.test(text)) resolve()
    })
  }
  const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string)
  void ended.then(code => reject(new Error(`millrace serve ended with ${code}:\n${text}`)))
  await listening
  return {
    grpc: /gRPC +(?:\w+:\/\/)?([\w.:]+:\d+)/.exec(text)![1]!,
    rest: /REST +(http:\/\/[\w.:]+)/.exec(text)![1]!,
    pid: child.pid!,
    printed: () => text,
    async residentBytes() {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) * 1024
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      return ended
    },
  }
}
