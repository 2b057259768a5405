/** The load process: runs one job, given as JSON, and prints its result as JSON. */
import { setTimeout } from 'node:timers/promises'
import { cpuMsOfCore, cpuMsOfTree, residentBytesOfTree } from '../process/process-tree.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import type { LoadJob, LoadResult } from './load-job.ts'
import { startLoad } from './start-load.ts'

const job = JSON.parse(process.argv[2] ?? 'null') as LoadJob

try {
  process.stdout.write(JSON.stringify(await measure()))
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}

async function measure(): Promise<LoadResult> {
  const latencies = new LatencyHistogram()
  let requests = 0
  const failure = Promise.withResolvers<never>()
  const run = await startLoad(job, {
    onAnswer(durationUs) {
      requests += 1
      latencies.add(durationUs)
    },
    onFailure: failure.reject,
  })
  try {
    await Promise.race([setTimeout(job.warmUpMs), failure.promise])
    latencies.clear()
    requests = 0
    const before = usage()
    await Promise.race([setTimeout(job.durationMs), failure.promise])
    const after = usage()
    const serverCpuMs = after.serverCpuMs - before.serverCpuMs
    const coreCpuMs = after.coreCpuMs - before.coreCpuMs
    if (requests === 0) {
      throw new Error(
        `nothing was answered within ${job.durationMs} ms, in which the server had ${serverCpuMs} ms of CPU`,
      )
    }
    return {
      requests,
      elapsedMs: after.atMs - before.atMs,
      serverCpuMs,
      clientCpuMs: after.clientCpuMs - before.clientCpuMs,
      neighbourCpuMs: job.serverCore === null ? null : Math.max(0, coreCpuMs - serverCpuMs),
      p50Us: latencies.percentileUs(0.5),
      p99Us: latencies.percentileUs(0.99),
      serverResidentBytes: residentBytesOfTree(job.serverPid),
    }
  } finally {
    run.close()
  }
}

function usage() {
  const { user, system } = process.cpuUsage()
  return {
    atMs: performance.now(),
    coreCpuMs: job.serverCore === null ? 0 : cpuMsOfCore(job.serverCore),
    serverCpuMs: cpuMsOfTree(job.serverPid),
    clientCpuMs: (user + system) / 1000,
  }
}
