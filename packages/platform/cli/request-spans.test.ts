import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { createGrpcClient } from '@millrace/sdk/client'
import { createLogger, loadServerSettings, type RunningServer, serve } from '@millrace/server'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { traceSampler } from './trace-sampler.ts'

const MODEL = `export class Told {
  async predict({ inputs }, { headers }) {
    if (inputs[0]?.data[0] === 13) throw new Error('unlucky')
    return { outputs: [{ name: 'traceparent', datatype: 'BYTES', shape: [1], data: [headers.traceparent ?? ''] }] }
  }
}
`
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const CALLER_SPAN = 'b7ad6b7169203331'
const TRACEPARENT = `00-${TRACE_ID}-${CALLER_SPAN}-01`

const exporter = new InMemorySpanExporter()
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
let folder = ''
let server: RunningServer
let base = ''

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spans-'))
  await writeFile(join(folder, 'model.ts'), MODEL)
  const settings = { name: 'told', implementation: './model.ts:Told', placement: 'worker' }
  await writeFile(join(folder, 'model-settings.json'), JSON.stringify(settings))
  const loaded = await loadServerSettings({
    flags: { http_port: 0, grpc_port: 0, metrics_port: 0, shutdown_timeout: 5 },
    environment: {},
  })
  server = await serve({
    folder,
    settings: loaded.settings,
    environment: {},
    log: createLogger({ isStructured: true, level: 'silent' }),
    tracer: provider.getTracer('test'),
  })
  assert.deepEqual(await server.started, [])
  base = `http://127.0.0.1:${server.rest.port}`
})
beforeEach(() => exporter.reset())
after(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

function infer(value: number, headers: Record<string, string> = {}, route = 'infer'): Promise<Response> {
  const inputs = [{ name: 'x', datatype: 'INT32', shape: [1], data: [value] }]
  return fetch(`${base}/v2/models/told/${route}`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ inputs }),
  })
}

/** The span of this name, when it has ended: a response may be read before its span ends. */
async function ended(name: string): Promise<ReadableSpan> {
  for (;;) {
    const span = exporter.getFinishedSpans().find(candidate => candidate.name === name)
    if (span !== undefined) return span
    await new Promise(resolve => setImmediate(resolve))
  }
}

const REST = 'POST /v2/models/{model_name}/infer'

test("a caller's trace goes through the server to the model in its worker", async () => {
  const response = await infer(1, { traceparent: TRACEPARENT })
  const { outputs } = (await response.json()) as { outputs: { data: string[] }[] }
  const door = await ended(REST)
  const model = await ended('predict told')
  assert.equal(door.kind, SpanKind.SERVER)
  assert.equal(door.spanContext().traceId, TRACE_ID)
  assert.equal(door.parentSpanContext?.spanId, CALLER_SPAN)
  assert.equal(door.attributes['http.response.status_code'], 200)
  assert.equal(model.parentSpanContext?.spanId, door.spanContext().spanId)
  assert.equal(model.attributes['model.placement'], 'worker')
  assert.equal(model.attributes['model.rows'], 1)
  assert.equal(outputs[0]!.data[0], `00-${TRACE_ID}-${model.spanContext().spanId}-01`)
})

for (const traceparent of [
  '',
  'x',
  `00-${'0'.repeat(32)}-${CALLER_SPAN}-01`,
  `ff-${TRACE_ID}-${CALLER_SPAN}-01`,
]) {
  test(`without a usable parent a trace begins: '${traceparent}'`, async () => {
    await (await infer(1, traceparent === '' ? {} : { traceparent })).text()
    const door = await ended(REST)
    assert.equal(door.parentSpanContext, undefined)
  })
}

test('what a model throws is on its span; only what is the server’s doing fails the spans', async () => {
  assert.equal((await infer(13)).status, 500)
  const model = await ended('predict told')
  assert.equal(model.status.code, SpanStatusCode.ERROR)
  assert.equal(model.events[0]?.name, 'exception')
  assert.equal((await ended(REST)).status.code, SpanStatusCode.ERROR)

  exporter.reset()
  const unknown = await fetch(`${base}/v2/models/absent/infer`, { method: 'POST', body: '{"inputs":[]}' })
  assert.equal(unknown.status, 404)
  const door = await ended(REST)
  assert.equal(door.attributes['http.response.status_code'], 404)
  assert.equal(door.status.code, SpanStatusCode.UNSET)
})

test('a stream is one span until its end; gRPC calls are spans by their path; health is none', async () => {
  await (await infer(1, {}, 'infer_stream')).text()
  assert.equal((await ended('POST /v2/models/{model_name}/infer_stream')).ended, true)
  await fetch(`${base}/v2/health/ready`)
  const client = createGrpcClient({ target: `127.0.0.1:${server.grpc.port}` })
  const inputs = [{ name: 'x', datatype: 'INT32', shape: [1], data: Int32Array.of(1) }] as const
  await client.infer({ modelName: 'told', inputs })
  await client.close()
  const call = await ended('/inference.GRPCInferenceService/ModelInfer')
  assert.equal(call.attributes['rpc.grpc.status_code'], 0)
  assert.ok(!exporter.getFinishedSpans().some(({ name }) => name.includes('health')))
})

test('the sampler is the one that the variables name', () => {
  assert.match(traceSampler({}).toString(), /ParentBased.*AlwaysOn/)
  const half = traceSampler({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' })
  assert.match(half.toString(), /0\.5/)
  assert.throws(
    () => traceSampler({ OTEL_TRACES_SAMPLER: 'some' }),
    /OTEL_TRACES_SAMPLER is 'some'; allowed are always_on/,
  )
  assert.throws(
    () => traceSampler({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' }),
    /allowed is a number from 0 to 1/,
  )
})
