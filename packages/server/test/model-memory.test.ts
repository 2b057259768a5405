import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MOMENT, moment } from './moments.ts'
import { modelFiles, saying, startTestServer, type TestServer } from './test-server.ts'

const MIB = 1024 * 1024
const STATED = `memoryBytes() { return ${5 * MIB} }`
const LARGE = `load() { this.weights = new Uint8Array(${64 * MIB}).fill(1) }`

function memoryOf({ server }: TestServer, model: string) {
  return server.registry.find(model, undefined).instance!.memory
}

test('a model that runs in the server: what it says, or how the server grew', async t => {
  const bed = await startTestServer(t, modelFiles('stated', saying('a', STATED)))
  await bed.server.started
  assert.deepEqual(memoryOf(bed, 'stated'), { bytes: 5 * MIB, measuredBy: 'runtime' })
  await bed.write(modelFiles('large', saying('b', LARGE)))
  await bed.server.registry.load('large')
  const { bytes, measuredBy } = memoryOf(bed, 'large')
  assert.equal(measuredBy, 'process')
  assert.ok(bytes >= 64 * MIB)
})

for (const worker_kind of ['thread', 'process'] as const) {
  test(`a model that runs in workers, each a ${worker_kind}: on all of them together`, async t => {
    const settings = { placement: 'worker' }
    const bed = await startTestServer(t, modelFiles('stated', saying('a', STATED), settings), {
      parallel_workers: 2,
      worker_kind,
    })
    await bed.server.started
    assert.deepEqual(memoryOf(bed, 'stated'), { bytes: 10 * MIB, measuredBy: 'runtime' })
    await bed.write(modelFiles('large', saying('b', LARGE), settings))
    await bed.server.registry.load('large')
    const { bytes, measuredBy } = memoryOf(bed, 'large')
    assert.equal(measuredBy, 'process')
    assert.ok(bytes >= 128 * MIB, String(bytes))
  })
}

test('one load is ended, and what was loaded before serves on', async t => {
  const bed = await startTestServer(t, modelFiles('m', saying('old')))
  await bed.server.started
  const members = "load() { moment('begun').resolve(); return moment('never').promise }"
  await bed.write(modelFiles('m', `${MOMENT}${saying('new', members)}`))
  const ending = new AbortController()
  const loading = bed.server.registry.load('m', { signal: ending.signal })
  await moment('begun').promise
  const waiting = bed.server.registry.load('m', { signal: ending.signal })
  ending.abort(new Error('no more'))
  await assert.rejects(loading, /no more/)
  await assert.rejects(waiting, /no more/)
  assert.equal(await bed.ask('m'), 'old')
  moment('never').resolve('')
})

const ON_DEMAND = { model_memory_budget: 100 * MIB, model_memory_retry: 600 }

test('on demand: a worker that ends while it loads a model fails that load alone', async t => {
  const members = 'load() { process.exit(3) }'
  const bed = await startTestServer(
    t,
    {
      ...modelFiles('fatal', saying('never', members), { placement: 'worker' }),
      ...modelFiles('m', saying('m', STATED), { placement: 'worker' }),
    },
    { ...ON_DEMAND, parallel_workers: 1, worker_kind: 'process' },
  )
  await bed.server.started
  assert.match(await bed.ask('fatal'), /^503 Model fatal could not be loaded, .*: .*exit code 3/)
  assert.equal(bed.server.cache!.modelOf('fatal').state, 'FAILED')
  assert.equal(bed.server.cache!.figures.usedBytes, 0)
  assert.equal(await bed.ask('m'), 'm')
})

const version = (number: string, members: string) =>
  modelFiles(`m/${number}`, saying(number, members), { name: 'm', parameters: { version: number } })

test('on demand: versions come and go together, and one that is broken takes none along', async t => {
  const bed = await startTestServer(
    t,
    {
      ...version('1', STATED),
      ...version('2', STATED),
      ...version('3', "load() { throw new Error('no weights') }"),
    },
    ON_DEMAND,
  )
  await bed.server.started
  assert.equal(await bed.ask('m'), '2')
  assert.equal(await bed.ask('m', '1'), '1')
  assert.match(await bed.ask('m', '3'), /^404/)
  assert.equal(bed.server.cache!.modelOf('m').bytes, 10 * MIB)
  await bed.server.registry.unload('m')
  assert.equal(await bed.ask('m', '2'), '2')
})

test('on demand: settings that are broken are told when somebody asks', async t => {
  const bed = await startTestServer(t, { 'broken/model-settings.json': '{"name": 1}' }, ON_DEMAND)
  assert.deepEqual(await bed.server.started, [])
  assert.match(await bed.ask('broken'), /^503 Model broken could not be loaded, .*name is 1/)
  const { status } = await bed.post('/v2/repository/models/broken/load')
  assert.equal(status, 400)
})

test('on demand: without load_models_at_startup not even what is pinned is loaded, but it is known', async t => {
  const bed = await startTestServer(t, modelFiles('m', saying('m', STATED), { memory_pinned: true }), {
    ...ON_DEMAND,
    load_models_at_startup: false,
  })
  await bed.server.started
  assert.deepEqual(bed.server.registry.loaded(undefined, undefined), [])
  assert.equal(await bed.ask('m'), 'm')
  assert.equal(bed.server.cache!.modelOf('m').isPinned, true)
})

test('on demand: a pinned model that does not load keeps the server from being ready', async t => {
  const members = "load() { throw new Error('no weights') }"
  const bed = await startTestServer(
    t,
    modelFiles('m', saying('m', members), { memory_pinned: true }),
    ON_DEMAND,
  )
  const [failure] = await bed.server.started
  assert.equal(failure?.subject, 'm')
  assert.match(String(failure?.error), /no weights/)
  assert.equal((await bed.get('/v2/health/ready')).status, 503)
})

test('on demand: a watched repository loads anew only what is loaded', async t => {
  const bed = await startTestServer(
    t,
    { ...modelFiles('hot', saying('old')), ...modelFiles('cold', saying('old')) },
    { ...ON_DEMAND, watch_model_repository: true },
  )
  await bed.server.started
  assert.equal(await bed.ask('hot'), 'old')
  await bed.write({ ...modelFiles('hot', saying('new')), ...modelFiles('cold', saying('new')) })
  const { promise, resolve } = Promise.withResolvers<void>()
  bed.server.registry.onChange(() => {
    if (bed.log.some(({ message, model }) => message === 'reloaded' && model === 'hot')) resolve()
  })
  await promise
  assert.equal(await bed.ask('hot'), 'new')
  assert.equal(bed.server.registry.isLoaded('cold'), false)
  assert.equal(await bed.ask('cold'), 'new')
})
