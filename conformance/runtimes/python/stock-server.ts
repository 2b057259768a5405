import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Stock MLServer over a model repository. */
export interface StockServer {
  readonly rest: string
  stop(): Promise<void>
}

/**
 * Starts MLServer by the Python that has it, without worker processes, in which its streams do not work. Fulfilled when
 * every model is ready.
 */
export async function startStockServer(python: string, repository: string): Promise<StockServer> {
  const scratch = await mkdtemp(join(tmpdir(), 'millrace-stock-'))
  const [http, grpc, metrics] = await Promise.all([freePort(), freePort(), freePort()])
  const child = spawn(python, ['-c', 'from mlserver.cli import main; main()', 'start', repository], {
    cwd: scratch,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      MLSERVER_HTTP_PORT: String(http),
      MLSERVER_GRPC_PORT: String(grpc),
      MLSERVER_METRICS_PORT: String(metrics),
      MLSERVER_METRICS_DIR: scratch,
      MLSERVER_PARALLEL_WORKERS: '0',
      MLSERVER_GZIP_ENABLED: 'false',
    },
  })
  const rest = `http://127.0.0.1:${http}`
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
    }
    await rm(scratch, { recursive: true, force: true })
  }
  try {
    await answers(child, `${rest}/v2/health/ready`)
  } catch (error) {
    await stop()
    throw error
  }
  return { rest, stop }
}

/** Nothing that it prints says when every model is ready, so it has to be asked. */
async function answers(child: ChildProcess, url: string): Promise<void> {
  child.stdout!.resume()
  while (child.exitCode === null) {
    const response = await fetch(url).catch(() => undefined)
    if (response?.ok === true) return
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  throw new Error(`MLServer ended with exit code ${child.exitCode}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
