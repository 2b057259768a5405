import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type OwnMesh, startOwnMesh } from './bed/own-mesh-bed.ts'
import { gate, reached } from './bed/watched-models.ts'

/** In the order of the original. */
const BUCKETS = '0.5 1 2 5 10 20 50 75 100 200 500 1000 2000 5000 10000 20000 60000 120000 300000 +Inf'.split(
  ' ',
)
const HISTOGRAMS = [
  'cache_miss_milliseconds',
  'loadmodel_milliseconds',
  'unloadmodel_milliseconds',
  'loading_queue_delay_milliseconds',
  'age_at_eviction_milliseconds',
]

async function scrape({ server }: OwnMesh): Promise<string> {
  const { host, port } = server.metrics!
  return (await fetch(`http://${host}:${port}/metrics`)).text()
}

/** Undefined if there is no such series. */
function valueIn(text: string, series: string): number | undefined {
  const line = text.split('\n').find(each => each.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

async function start(t: Parameters<typeof startOwnMesh>[0], settings: object = {}) {
  const bed = await startOwnMesh(t, {
    settings: { metrics_endpoint: '/metrics', metrics_port: 0, ...settings },
    repository: { stored: {} },
  })
  const register = async (modelId: string, extra: object = {}) =>
    bed.mesh('registerModel', { modelId, modelInfo: await bed.model(modelId, extra) })
  return { bed, register }
}

describe('metrics of a mesh', () => {
  test('check 93: names, units and buckets of the original, where they mean the same', async t => {
    const { bed, register } = await start(t)
    for (const model of ['a', 'b']) await register(model)
    await register('broken', { fails: 'it has no weights' })
    for (const model of ['a', 'b', 'a']) assert.equal(await bed.ask(model), model)
    await assert.rejects(bed.ask('broken'))
    await bed.mesh('unregisterModel', { modelId: 'b' })
    while (bed.server.cache!.figures.unloadingBytes > 0 || bed.server.cache!.figures.loadedModels > 1)
      await new Promise(resolve => void setImmediate(resolve))
    const text = await scrape(bed)
    const counts = Object.fromEntries(
      HISTOGRAMS.map(name => [name, valueIn(text, `modelmesh_${name}_count`)]),
    )
    assert.deepEqual(counts, {
      cache_miss_milliseconds: 2,
      loadmodel_milliseconds: 2,
      // What a failed load has left behind is unloaded, too.
      unloadmodel_milliseconds: 2,
      loading_queue_delay_milliseconds: 3,
      age_at_eviction_milliseconds: 1,
    })
    for (const name of HISTOGRAMS) {
      const bounds = Array.from(
        text.matchAll(new RegExp(`^modelmesh_${name}_bucket{le="(.+?)"}`, 'gm')),
        m => m[1],
      )
      assert.deepEqual(bounds, BUCKETS)
      assert.match(text, new RegExp(`^# TYPE modelmesh_${name} histogram$`, 'm'))
    }
    const { budgetBytes, usedBytes } = bed.server.cache!.figures
    for (const [name, value] of [
      ['loaded_model_size_bytes_count', 2],
      ['loadmodel_failure', 1],
      ['unloadmodel_failure', 0],
      ['models_loaded_total', 1],
      ['models_with_failure_total', 1],
      ['models_managed_total', 3],
      ['instance_models_total', 1],
      ['instance_capacity_bytes', budgetBytes],
      ['instance_used_bytes', usedBytes],
      ['instance_used_bps', Math.round((usedBytes / budgetBytes) * 10_000)],
    ] as const) {
      assert.equal(valueIn(text, `modelmesh_${name}`), value, name)
    }
    const usedMs = bed.server.cache!.modelOf('a').lastUsedMs
    assert.ok(Math.abs(valueIn(text, 'modelmesh_instance_lru_seconds')! * 1000 - usedMs) < 1)
    const ageSeconds = valueIn(text, 'modelmesh_instance_lru_age_seconds')!
    assert.ok(ageSeconds >= 0 && ageSeconds <= (Date.now() - usedMs) / 1000 + 1)
  })

  test('check 93: requests by the short name of their method, and by code; management is none', async t => {
    const { bed, register } = await start(t)
    await register('a')
    await bed.ask('a')
    await bed.ask('a')
    await assert.rejects(bed.ask('nobody'))
    const text = await scrape(bed)
    const of = (code: string) =>
      valueIn(text, `modelmesh_api_request_milliseconds_count{method="ModelInfer",code="${code}"}`)
    assert.deepEqual([of('OK'), of('NOT_FOUND')], [2, 1])
    assert.doesNotMatch(text, /^modelmesh_.*registerModel/m)
  })

  test('check 93: models are named only on request', async t => {
    const { bed, register } = await start(t)
    await register('quiet')
    await bed.ask('quiet')
    const text = await scrape(bed)
    assert.doesNotMatch(text, /quiet/)
    assert.equal(valueIn(text, 'model_infer_request_success_total'), 1)

    const { bed: other, register: registerThere } = await start(t, { metrics_per_model: true })
    await registerThere('named')
    await other.ask('named')
    const named = await scrape(other)
    assert.equal(valueIn(named, 'model_infer_request_success_total{model="named",version=""}'), 1)
  })

  test('a server that is no mesh has none of the names', async t => {
    const { bed } = await start(t, { model_mesh_enabled: false })
    assert.doesNotMatch(await scrape(bed), /modelmesh_/)
  })
})

describe('over REST', () => {
  test('a load goes on although request_timeout passes', async t => {
    const { bed, register } = await start(t, { request_timeout: 0.05 })
    const name = 'rest-slow'
    await register(name, { gate: name })
    const { host, port } = bed.server.rest
    const began = performance.now()
    const loading = fetch(`http://${host}:${port}/v2/mesh/models/${name}/load`, {
      method: 'POST',
      body: '{"sync":true}',
    })
    await reached(name)
    while (performance.now() < began + 120) await new Promise(resolve => void setTimeout(resolve, 10))
    gate(name).resolve()
    assert.equal((await loading).status, 200)
  })
})
