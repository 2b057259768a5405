/** One client, one request at a time, in turn to a batched model and to the same model without batching. */
import { fileURLToPath } from 'node:url'
import { loadServerSettings, serve } from '@millrace/server'
import { medianOf } from './median.ts'

const durationMs = Number(process.argv[2] ?? 1000)
const folder = fileURLToPath(new URL('../models-scheduling/', import.meta.url))
const { settings } = await loadServerSettings({
  flags: { http_port: 0, grpc_port: 0, metrics_port: 0 },
  environment: {},
})
const server = await serve({ folder, settings, environment: {} })
const failures = await server.started
if (failures.length > 0) throw new AggregateError(failures.map(({ error }) => error))

const body = JSON.stringify({ inputs: [{ name: 'x', shape: [1, 4], datatype: 'FP32', data: [1, 2, 3, 4] }] })
const times = { 'fixed-cost-batched': [] as number[], 'fixed-cost': [] as number[] }
const endMs = performance.now() + durationMs
for (let round = 0; performance.now() < endMs || round < 60; round++) {
  for (const model of ['fixed-cost-batched', 'fixed-cost'] as const) {
    const startedMs = performance.now()
    const response = await fetch(`http://127.0.0.1:${server.rest.port}/v2/models/${model}/infer`, {
      method: 'POST',
      body,
    })
    await response.arrayBuffer()
    if (response.status !== 200) throw new Error(`${model} answered ${response.status}`)
    if (round >= 10) times[model].push(performance.now() - startedMs)
  }
}
await server.close()
const batchedMs = medianOf(times['fixed-cost-batched'])
const singleMs = medianOf(times['fixed-cost'])
console.log(JSON.stringify({ addedMs: Math.max(0, batchedMs - singleMs), batchedMs, singleMs }))
