/** A small Python class, called through the data plane and inside Python; the difference is the crossing. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { InferenceRequest } from '@millrace/sdk'
import { createLogger, loadServerSettings, serve } from '@millrace/server'
import { NUMPY_PYTHON } from '../contestants/python-classes.ts'
import { medianOf } from './median.ts'

const LARGE_BYTES = 16 * 1024 * 1024
const IN_FLIGHT = 16
const durationMs = Number(process.argv[2] ?? 1000)

const folder = fileURLToPath(new URL('../models-python/', import.meta.url))
const shim = fileURLToPath(new URL('../../runtimes/python/python/mlserver_shim', import.meta.url))
process.env['MILLRACE_PYTHON'] = NUMPY_PYTHON
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
const infer = (data: Float32Array) => {
  const request: InferenceRequest = {
    modelName: 'echo',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [1, data.length], data }],
  }
  return server.dataPlane.infer(request, call)
}
const timeMs = async (run: () => unknown): Promise<number> => {
  const startMs = performance.now()
  await run()
  return performance.now() - startMs
}

const small = Float32Array.of(1, 2, 3, 4)
const trips: number[] = []
const direct: number[] = []
const endMs = performance.now() + durationMs
for (let round = 0; performance.now() < endMs || round < 3; round++) {
  for (let index = 0; index < 1000; index++) trips.push((await timeMs(() => infer(small))) * 1000)
  direct.push(
    Number(execFileSync(NUMPY_PYTHON, [`${folder}call_directly.py`, shim, '2000'], { encoding: 'utf8' })),
  )
}

let left = 10_000
const clients = Array.from({ length: IN_FLIGHT }, async () => {
  while (left-- > 0) await infer(small)
})
const throughputMs = await timeMs(() => Promise.all(clients))

const source = new Float32Array(LARGE_BYTES / 4).fill(1.5)
const large: number[] = []
const copy: number[] = []
for (let round = 0; round < 20; round++) {
  copy.push(await timeMs(() => source.slice()))
  large.push(await timeMs(() => infer(source)))
}
await server.close()

const directUs = medianOf(direct)
console.log(
  JSON.stringify({
    addedUs: medianOf(trips) - directUs,
    directUs,
    requestsPerSecond: 10_000 / (throughputMs / 1000),
    largeMs: medianOf(large),
    copyMs: medianOf(copy),
  }),
)
