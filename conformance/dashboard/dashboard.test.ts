import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createLogger, loadServerSettings, type RunningServer, serve } from '@millrace/server'
import { selectorsOf } from './queries.ts'

interface Dashboard {
  readonly panels: readonly {
    readonly title: string
    readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
  }[]
  readonly templating: { readonly list: readonly { readonly type: string; readonly query: string }[] }
}

const FILE = new URL('../../docs/dashboards/server.json', import.meta.url)
const MODELS = fileURLToPath(new URL('./repository/', import.meta.url))
const dashboard = JSON.parse(await readFile(FILE, 'utf8')) as Dashboard

let server: RunningServer
let series: readonly { readonly metric: string; readonly labels: ReadonlySet<string> }[]

before(async () => {
  const { settings } = await loadServerSettings({
    flags: { http_port: 0, grpc_port: 0, metrics_port: 0, cache_enabled: true, parallel_workers: 1 },
    environment: {},
  })
  const log = createLogger({ isStructured: true, level: 'error' })
  server = await serve({ folder: MODELS, settings, environment: {}, log })
  assert.deepEqual(await server.started, [])
  const body = JSON.stringify({ inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] })
  for (const model of ['in-worker', 'batched', 'cached', 'cached']) {
    const url = `http://127.0.0.1:${server.rest.port}/v2/models/${model}/infer`
    const response = await fetch(url, { method: 'POST', body })
    assert.equal(response.status, 200, await response.text())
  }
  await callGrpc()
  await collectGarbage()
  const scrape = await fetch(`http://127.0.0.1:${server.metrics!.port}/metrics`)
  series = readExposition(await scrape.text())
})
after(() => server.close())

for (const { title, targets = [] } of dashboard.panels) {
  for (const { expr, legendFormat } of targets) {
    test(`${title}: ${expr}`, () => {
      const selectors = selectorsOf(expr)
      assert.ok(selectors.length > 0, 'the query reads no series')
      for (const { metric, labels } of selectors) {
        const found = series.filter(candidate => candidate.metric === metric)
        assert.ok(found.length > 0, `${metric} is not exposed`)
        for (const label of labels) {
          assert.ok(
            found.some(candidate => candidate.labels.has(label)),
            `${metric} has no label ${label}`,
          )
        }
      }
      for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
        const isGrouped = selectors.every(({ labels }) => labels.has(label!))
        const isExposed = series.some(
          ({ metric, labels }) => metric === selectors[0]!.metric && labels.has(label!),
        )
        assert.ok(
          expr.includes(' by (') ? isGrouped : isExposed,
          `the legend's ${label} is no label of the query`,
        )
      }
    })
  }
}

test('variables read metrics that exist', () => {
  for (const { type, query } of dashboard.templating.list) {
    if (type !== 'query') continue
    const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(query) ?? []
    assert.ok(
      series.some(candidate => candidate.metric === metric && candidate.labels.has(label ?? '')),
      query,
    )
  }
})

test('a query that is no PromQL, or asks for what is not there, is found', () => {
  assert.throws(() => selectorsOf('sum by (a (rate(x[5m])'), SyntaxError)
  const [selector] = selectorsOf('sum by (path) (rate(rest_server_requests_total{method="GET"}[5m]))')
  assert.equal(selector?.metric, 'rest_server_requests_total')
  assert.deepEqual([...(selector?.labels ?? [])].toSorted(), ['method', 'path'])
})

/** One gRPC call, so that there are series of it. */
async function callGrpc(): Promise<void> {
  const { Client, credentials } = await import('@grpc/grpc-js')
  const client = new Client(`127.0.0.1:${server.grpc.port}`, credentials.createInsecure())
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  client.makeUnaryRequest(
    '/inference.GRPCInferenceService/ServerMetadata',
    identity,
    identity,
    Buffer.alloc(0),
    error => (error === null ? resolve() : reject(error)),
  )
  await promise
  client.close()
}

/** Some metrics begin with the first collection. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  // Observers of performance entries are told in a later turn.
  await nextTurn()
}

function readExposition(text: string) {
  return text
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => {
      const [, metric = '', labels = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? /.exec(line) ?? []
      return { metric, labels: new Set(Array.from(labels.matchAll(/(\w+)="/g), ([, name]) => name!)) }
    })
}

function identity(bytes: Buffer): Buffer {
  return bytes
}
