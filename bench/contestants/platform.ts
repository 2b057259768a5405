import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { processTree } from '../process/process-tree.ts'
import { ServerProcess } from '../process/server-process.ts'
import type { Contestant, RunningContestant } from './contestant.ts'
import { millraceForm } from './millrace-form.ts'

const MODELS = fileURLToPath(new URL('../models-platform/', import.meta.url))
const APPLICATIONS = ['echo', 'chain', 'either']

/** `millrace up` with the models of `models-platform/` applied. */
export interface RunningPlatform {
  readonly url: string
  readonly gateway: Omit<RunningContestant, 'stop'>
  /** The process behind the application `echo`, asked without the gateway. */
  readonly servable: Omit<RunningContestant, 'stop'>
  readonly stop: () => Promise<void>
}

export async function startPlatform(cores: 'one' | 'all' = 'one'): Promise<RunningPlatform> {
  const data = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  const server = new ServerProcess({
    command: [
      process.execPath,
      ...millraceForm().command,
      'up',
      `--data=${data}`,
      `--apply=${MODELS}`,
      '--http-port=0',
      '--grpc-port=0',
      '--metrics-port=0',
    ],
    cores,
  })
  const stop = async () => {
    await server.stop()
    rmSync(data, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    const [url, port, grpcPort] = await server.printed(
      /^ *REST +(http:\/\/\S+:(\d+)).*$\s*^ *gRPC .*:(\d+)$/m,
    )
    for (const name of APPLICATIONS) await server.printed(new RegExp(`/gateway/application/${name} .*\\n\\{`))
    const startToReadyMs = performance.now() - server.startedMs
    const gateway = { pid: server.pid, restPort: Number(port), grpcPort: Number(grpcPort), startToReadyMs }
    return { url: url!, gateway, servable: await servableOf(url!, gateway), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

interface ApplicationView {
  readonly executionGraph: {
    readonly stages: readonly { readonly modelVariants: readonly { readonly servableName: string }[] }[]
  }
}

/** Its ports are in its log, and its process is the one that was started with the address of the model. */
async function servableOf(
  url: string,
  gateway: RunningPlatform['gateway'],
): Promise<RunningPlatform['servable']> {
  const application = await fetch(`${url}/api/v2/application/echo`)
  const { executionGraph } = (await application.json()) as ApplicationView
  const name = executionGraph.stages[0]!.modelVariants[0]!.servableName
  const log = await (await fetch(`${url}/api/v2/servable/${name}/logs`)).text()
  const [, grpcPort, restPort, pid] = /serving .*port=(\d+) .*restPort=(\d+) .*pid=(\d+)/.exec(log) ?? []
  const isOurs = processTree(gateway.pid).some(stat => stat.pid === Number(pid))
  if (!isOurs) throw new Error(`the log of ${name} does not say where it serves:\n${log}`)
  return { ...gateway, pid: Number(pid), restPort: Number(restPort), grpcPort: Number(grpcPort) }
}

/** All entries of a scenario share one platform, which ends with the last of them. */
let shared: Promise<RunningPlatform> | undefined
let holders = 0

function contestant(name: string, part: 'gateway' | 'servable'): Contestant {
  return {
    name,
    obstacle: () => null,
    async start() {
      holders += 1
      const platform = await (shared ??= startPlatform())
      return {
        ...platform[part],
        async stop() {
          holders -= 1
          if (holders > 0) return
          shared = undefined
          await platform.stop()
        },
      }
    },
  }
}

export const platformGateway = contestant('through the gateway', 'gateway')
export const platformServable = contestant('the servable directly', 'servable')
