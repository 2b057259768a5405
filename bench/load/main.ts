/** The load process: runs one job, given as JSON, and prints its result as JSON. */
import { setTimeout } from 'node:timers/promises'
import { cpuMsOfTree, residentBytesOfTree } from '../process/process-tree.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import type { LoadJob, LoadResult } from './load-job.ts'
import { startLoad } from './start-load.ts'

const job = JSON.parse(process.argv[2] ?? 'null') as LoadJob

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
const lasting = (durationMs: number) => Promise.race([setTimeout(durationMs), failure.promise])

await lasting(job.warmUpMs)
latencies.clear()
requests = 0
const before = usage()
await lasting(job.durationMs)
const after = usage()
const result: LoadResult = {
  requests,
  elapsedMs: after.atMs - before.atMs,
  serverCpuMs: after.serverCpuMs - before.serverCpuMs,
  clientCpuMs: after.clientCpuMs - before.clientCpuMs,
  p50Us: latencies.percentileUs(0.5),
  p99Us: latencies.percentileUs(0.99),
  serverResidentBytes: residentBytesOfTree(job.serverPid),
}
run.close()
process.stdout.write(JSON.stringify(result))

function usage() {
  const { user, system } = process.cpuUsage()
  return {
    atMs: performance.now(),
    serverCpuMs: cpuMsOfTree(job.serverPid),
    clientCpuMs: (user + system) / 1000,
  }
}
