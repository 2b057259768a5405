import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePorts } from '../process/free-ports.ts'
import { ServerProcess } from '../process/server-process.ts'
import type { Contestant } from './contestant.ts'

const FOLDER = fileURLToPath(new URL('../peers/mlserver/', import.meta.url))
const PROGRAM = join(FOLDER, '.venv/bin/mlserver')

/** The interpreter that has MLServer, if it is installed. */
export const MLSERVER_PYTHON = join(FOLDER, '.venv/bin/python')

/**
 * Stock MLServer over an echo model: its own, unless told otherwise. Its default is one worker process; none saves the
 * way there and back.
 */
export function mlserver(
  parallelWorkers: 0 | 1,
  repository: string = join(FOLDER, 'repository'),
): Contestant {
  return {
    name: `MLServer, parallel_workers ${parallelWorkers}`,
    obstacle: () => (existsSync(PROGRAM) ? null : 'not installed; run: sh bench/peers/mlserver/setup.sh'),
    async start() {
      const [restPort, grpcPort, metricsPort] = (await freePorts(3)) as [number, number, number]
      const scratch = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
      const server = new ServerProcess({
        command: [PROGRAM, 'start', repository],
        workingFolder: scratch,
        environment: {
          MLSERVER_HTTP_PORT: String(restPort),
          MLSERVER_GRPC_PORT: String(grpcPort),
          MLSERVER_METRICS_PORT: String(metricsPort),
          MLSERVER_METRICS_DIR: scratch,
          MLSERVER_PARALLEL_WORKERS: String(parallelWorkers),
        },
      })
      const startToReadyMs = await server.answers(`http://127.0.0.1:${restPort}/v2/models/echo/ready`)
      return {
        pid: server.pid,
        restPort,
        grpcPort,
        startToReadyMs,
        async stop() {
          await server.stop()
          await rm(scratch, { recursive: true, force: true })
        },
      }
    },
  }
}

export const mlserverWithoutWorker = mlserver(0)
export const mlserverWithWorker = mlserver(1)

/** Versions of MLServer and its Python; `null` when it is not installed. */
export function mlserverVersion(): string | null {
  if (!existsSync(PROGRAM)) return null
  const script =
    'import mlserver, platform; print(mlserver.__version__, "on Python", platform.python_version())'
  const { status, stdout } = spawnSync(MLSERVER_PYTHON, ['-c', script], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : null
}
