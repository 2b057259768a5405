import assert from 'node:assert/strict'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import type { RunningServer } from '../serve.ts'
import { grpcService } from './grpc-service.ts'
import { modelFiles, saying, startTestServer } from './test-server.ts'

const FAILING = "export class TestModel { predict() { throw new Error('broken') } }"
const STREAMING = `export class TestModel {
  async *predictStream(requests) {
    for await (const request of requests) for (const text of ['a', 'b', 'c']) {
      yield { outputs: [{ name: 'said', datatype: 'BYTES', shape: [1], data: [text] }] }
    }
  }
}`
const RECORDING = `export class TestModel {
  load({ metrics }) {
    this.count = metrics.counter('words_total', 'Words seen', { labels: ['language'] })
    this.size = metrics.histogram('word_size', 'Size of words', { buckets: [1, 10] })
  }
  predict(request, { metrics }) {
    this.count(2, { language: 'pl' })
    this.size(5)
    metrics.gauge('queue_size', 'Words waiting')(7)
    return { outputs: [] }
  }
}`

/** Samples as `name{labels}` with labels in order, and their values. */
async function scrape(server: RunningServer, path = '/metrics'): Promise<ReadonlyMap<string, number>> {
  const { host, port } = server.metrics!
  const response = await fetch(`http://${host}:${port}${path}`)
  assert.equal(response.status, 200)
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
  const lines = (await response.text()).split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map(line => {
      const {
        name = '',
        labels = '',
        value = '',
      } = /^(?<name>[^ {]+)(?:\{(?<labels>.*)\})? (?<value>\S+)/.exec(line)?.groups ?? {}
      return [`${name}{${labels.split(',').toSorted().join(',')}}`, Number(value)]
    }),
  )
}

function modelLabels(model: string, version = ''): string {
  return `{model="${model}",version="${version}"}`
}

function restLabels(path: string, status: number, method = 'POST'): string {
  return `app_name="mlserver",method="${method}",path="${path}",status_code="${status}"`
}

suite('metrics after known traffic', () => {
  test('of models', async t => {
    const { server, ask, get } = await startTestServer(t, {
      ...modelFiles('good', saying('x')),
      ...modelFiles('bad', FAILING),
      ...modelFiles('versioned', saying('x'), { parameters: { version: '3' } }),
    })
    await server.started
    for (const model of ['good', 'good', 'good', 'bad', 'versioned', 'unknown']) await ask(model)
    await get('/v2/models/good')
    const samples = await scrape(server)
    assert.equal(samples.get(`model_infer_request_success_total${modelLabels('good')}`), 3)
    assert.equal(samples.get(`model_infer_request_failure_total${modelLabels('good')}`), 0)
    assert.equal(samples.get(`model_infer_request_failure_total${modelLabels('bad')}`), 1)
    assert.equal(samples.get(`model_infer_request_success_total${modelLabels('versioned', '3')}`), 1)
    assert.equal(samples.get(`model_infer_request_duration_count${modelLabels('good')}`), 3)
    assert.ok(samples.get(`model_infer_request_duration_sum${modelLabels('good')}`)! > 0)
    assert.deepEqual(
      [...samples.keys()].filter(name => name.includes('unknown')),
      [],
    )
  })

  test('of REST, by route and not by path', async t => {
    const { server, ask, get } = await startTestServer(t, modelFiles('m', saying('x')))
    await server.started
    for (let count = 0; count < 5; count++) await ask('m')
    await ask('unknown')
    for (const path of ['/v2/health/live', '/v2/health/ready', '/v2/models/m/ready', '/elsewhere', '/x?y'])
      await get(path)
    const samples = await scrape(server)
    const infer = restLabels('/v2/models/{model_name}/infer', 200)
    assert.equal(samples.get(`rest_server_requests_total{${infer}}`), 5)
    assert.equal(
      samples.get(`rest_server_requests_total{${restLabels('/v2/models/{model_name}/infer', 404)}}`),
      1,
    )
    assert.equal(samples.get(`rest_server_request_duration_seconds_count{${infer}}`), 5)
    assert.equal(
      samples.get(
        `rest_server_request_duration_seconds_bucket{${['le="+Inf"', ...infer.split(',')].toSorted().join(',')}}`,
      ),
      5,
    )
    assert.equal(samples.get('rest_server_requests_in_progress{app_name="mlserver",method="POST"}'), 0)
    assert.equal(samples.get(`rest_server_requests_total{${restLabels('unmatched', 404, 'GET')}}`), 2)
    const names = [...samples.keys()]
    assert.deepEqual(
      names.filter(name => /health|ready|elsewhere/.test(name)),
      [],
    )
  })

  test('of REST, under the prefix of the settings', async t => {
    const { server, ask } = await startTestServer(t, modelFiles('m', saying('x')), {
      metrics_rest_server_prefix: 'other',
    })
    await server.started
    await ask('m')
    const names = [...(await scrape(server)).keys()]
    assert.ok(names.some(name => name.startsWith('other_requests_total{')))
    assert.ok(!names.some(name => name.startsWith('rest_server')))
  })

  test('of gRPC', async t => {
    const { server } = await startTestServer(t, {
      ...modelFiles('m', saying('x')),
      ...modelFiles('stream', STREAMING),
    })
    await server.started
    const service = grpcService(t, server.grpc, 'inference.proto', 'inference.GRPCInferenceService')
    for (let count = 0; count < 10; count++) await service.call('ModelInfer', { model_name: 'm' })
    await service.refusal('ModelInfer', { model_name: 'unknown' })
    const stream = service.open('ModelStreamInfer')
    stream.write({ model_name: 'stream' })
    stream.write({ model_name: 'stream' })
    stream.end()
    stream.resume()
    await once(stream, 'status')

    const unary = 'grpc_method="ModelInfer",grpc_service="inference.GRPCInferenceService",grpc_type="UNARY"'
    const bidi =
      'grpc_method="ModelStreamInfer",grpc_service="inference.GRPCInferenceService",grpc_type="BIDI_STREAMING"'
    // A call is counted when its stream has closed, which its client does not wait for.
    let samples = await scrape(server)
    while (samples.get(`grpc_server_handling_seconds_count{${bidi}}`) !== 1) samples = await scrape(server)
    assert.equal(samples.get(`grpc_server_started_total{${unary}}`), 11)
    assert.equal(samples.get(`grpc_server_handled_total{grpc_code="OK",${unary}}`), 10)
    assert.equal(samples.get(`grpc_server_handled_total{grpc_code="NOT_FOUND",${unary}}`), 1)
    assert.equal(samples.get(`grpc_server_handling_seconds_count{${unary}}`), 11)
    assert.equal(samples.get(`grpc_server_handled_latency_seconds_count{${unary}}`), 11)
    assert.equal(samples.get(`grpc_server_msg_received_total{${bidi}}`), 2)
    assert.equal(samples.get(`grpc_server_msg_sent_total{${bidi}}`), 6)
  })

  test('that a model registers itself', async t => {
    const { server, post } = await startTestServer(
      t,
      modelFiles('m', RECORDING, { parameters: { version: '7' } }),
    )
    await server.started
    await post('/v2/models/m/infer', { inputs: [] })
    const samples = await scrape(server)
    const own = 'model_name="m",model_version="7"'
    assert.equal(samples.get(`words_total{language="pl",${own}}`), 2)
    assert.equal(samples.get(`word_size_bucket{le="10",${own}}`), 1)
    assert.equal(samples.get(`word_size_sum{${own}}`), 5)
    assert.equal(samples.get(`queue_size{${own}}`), 7)
  })

  test('of the process', async t => {
    const { server } = await startTestServer(t, {})
    assert.ok((await scrape(server)).has('process_resident_memory_bytes{}'))
  })
})

suite('the metrics port', () => {
  test('has nothing else', async t => {
    const { server } = await startTestServer(t, {})
    const { host, port } = server.metrics!
    for (const path of ['/', '/v2', '/v2/health/live']) {
      assert.equal((await fetch(`http://${host}:${port}${path}`)).status, 404, path)
    }
  })

  test('has the path of the settings', async t => {
    const { server } = await startTestServer(t, {}, { metrics_endpoint: '/elsewhere' })
    assert.ok((await scrape(server, '/elsewhere')).size > 0)
  })

  test('can be switched off', async t => {
    const { server } = await startTestServer(t, {}, { metrics_endpoint: null })
    assert.equal(server.metrics, null)
  })
})
