/** The same models in a worker and in the server, called without sockets; the difference is the crossing. */
import { fileURLToPath } from 'node:url'
import type { InferenceRequest } from '@millrace/sdk'
import { createLogger, loadServerSettings, serve } from '@millrace/server'
import { medianOf } from './median.ts'

const LARGE_BYTES = 16 * 1024 * 1024
const IN_FLIGHT = 16
const durationMs = Number(process.argv[2] ?? 1000)

const folder = fileURLToPath(new URL('../models-crossing/', import.meta.url))
const { settings } = await loadServerSettings({
  flags: { http_port: 0, grpc_port: 0, metrics_port: 0 },
  environment: {},
})
const log = createLogger({ isStructured: false, level: 'error' })
const server = await serve({ folder, settings, environment: {}, log })
const failures = await server.started
if (failures.length > 0) throw new AggregateError(failures.map(({ error }) => error))

const call = {
  headers: {},
  signal: new AbortController().signal,
  deadlineMs: Number.POSITIVE_INFINITY,
  setHeader() {},
}
const infer = (modelName: string, data: Float32Array) => {
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, data.length], data }] as const
  const request: InferenceRequest = { modelName, inputs }
  return server.dataPlane.infer(request, call)
}

const small = Float32Array.of(1, 2, 3, 4)
// In turn, so that what the machine does besides falls on both.
const cpu = { server: [] as number[], worker: [] as number[] }
const roundTrip = { server: [] as number[], worker: [] as number[] }
const endMs = performance.now() + durationMs
for (let round = 0; performance.now() < endMs || round < 8; round++) {
  for (const place of ['server', 'worker'] as const) {
    cpu[place].push(await cpuUsEach(`echo-${place}`, 5000))
    roundTrip[place].push(await timeUsEach(`echo-${place}`, 500))
  }
}

const large = { sink: [] as number[], echo: [] as number[], copy: [] as number[] }
const source = new Float32Array(LARGE_BYTES / 4).fill(1.5)
for (let round = 0; round < 40; round++) {
  large.copy.push(await timeMs(() => source.slice()))
  // A request's memory is its own, as that of a body from a socket is.
  const [first, second] = [source.slice(), source.slice()]
  large.sink.push(await timeMs(() => infer('sink-worker', first)))
  large.echo.push(await timeMs(() => infer('echo-worker', second)))
}
await server.close()

const copyMs = medianOf(large.copy)
const largeMs = medianOf(large.sink)
console.log(
  JSON.stringify({
    smallCpuUs: medianOf(cpu.worker) - medianOf(cpu.server),
    smallRoundTripUs: medianOf(roundTrip.worker) - medianOf(roundTrip.server),
    largeAgainstCopy: largeMs / copyMs,
    largeMs,
    copyMs,
    echoMs: medianOf(large.echo),
  }),
)

/** CPU of the whole process, all threads, while some requests are always under way. */
async function cpuUsEach(model: string, count: number): Promise<number> {
  const before = process.cpuUsage()
  let left = count
  const client = async () => {
    while (left-- > 0) await infer(model, small)
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, client))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

async function timeUsEach(model: string, count: number): Promise<number> {
  const startedMs = performance.now()
  for (let index = 0; index < count; index++) await infer(model, small)
  return ((performance.now() - startedMs) * 1000) / count
}

/** What earlier steps left behind is collected before, not within. */
async function timeMs(step: () => unknown): Promise<number> {
  globalThis.gc?.()
  const startedMs = performance.now()
  await step()
  return performance.now() - startedMs
}
