import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type CacheBed, MODEL_BYTES, startCacheBed } from './bed/cache-bed.ts'
import { openGate } from './bed/gate.ts'

const COPIED_MODEL = `${fileURLToPath(new URL('models/copied-model.ts', import.meta.url))}:CopiedModel`
const LOOK_MS = 10_000
/** Requests a minute of each copy that bring a further one: one at every look. */
const RATE = 6

interface CopiesBed extends CacheBed {
  /** Where so many requests were answered, one after another. */
  readonly workersOf: (model: string, requests: number) => Promise<readonly string[]>
  /** Copies, as the server's metrics count them. */
  readonly copies: () => Promise<number>
  /** Time passes, with so many requests before each look. */
  readonly pass: (looks: number, model?: string, requests?: number) => Promise<void>
}

/** A server with room for three models, whose time passes when it is told to. */
async function startCopiesBed(
  t: TestContext,
  worker_kind: 'thread' | 'process',
  settings: Readonly<Record<string, unknown>> = {},
): Promise<CopiesBed> {
  const model = { implementation: COPIED_MODEL, placement: 'worker' }
  const bed = await startCacheBed(
    t,
    { a: model, b: model, c: model },
    { parallel_workers: 3, worker_kind, model_memory_copy_rate: RATE, ...settings },
  )
  // Also before its models are there: they are looked after from then on.
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() })
  t.after(() => t.mock.timers.reset())
  const workersOf: CopiesBed['workersOf'] = async (name, requests) => {
    const workers: string[] = []
    for (let request = 0; request < requests; request++) workers.push(await bed.ask(name))
    assert.deepEqual(
      workers.filter(worker => !/^\d+$/.test(worker)),
      [],
    )
    return workers
  }
  return {
    ...bed,
    workersOf,
    copies: () => bed.metric('millrace_model_cache_copies'),
    async pass(looks, name = '', requests = 0) {
      for (let look = 0; look < looks; look++) {
        await workersOf(name, requests)
        t.mock.timers.tick(LOOK_MS)
      }
    },
  }
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise(resolve => void setImmediate(resolve))
}

for (const kind of ['thread', 'process'] as const) {
  test(`check 77: further copies of a model that is asked often, and fewer when others need the memory: ${kind}`, async t => {
    const bed = await startCopiesBed(t, kind)
    assert.equal(new Set(await bed.workersOf('a', 6)).size, 1)
    assert.equal(await bed.copies(), 1)
    await bed.pass(2, 'a', 2)
    await until(async () => (await bed.copies()) === 2)
    assert.equal(await bed.metric('millrace_model_cache_used_bytes'), 2 * MODEL_BYTES)
    assert.equal(bed.server.cache!.modelOf('a').bytes, 2 * MODEL_BYTES)
    assert.equal(new Set(await bed.workersOf('a', 6)).size, 2)

    // They stay while their memory is free.
    await bed.pass(100)
    await bed.workersOf('b', 1)
    assert.equal(await bed.copies(), 3)
    assert.equal(await bed.metric('millrace_model_cache_used_bytes'), 3 * MODEL_BYTES)
    await bed.workersOf('c', 1)
    assert.deepEqual(bed.loaded(), ['a', 'b', 'c'])
    assert.equal(await bed.copies(), 3)
    assert.equal(await bed.metric('millrace_model_cache_used_bytes'), 3 * MODEL_BYTES)
    assert.equal(await bed.metric('millrace_model_cache_evictions_total{reason="pressure"}'), 0)
    assert.equal(new Set(await bed.workersOf('a', 6)).size, 1)
  })
}

test('check 76: of copies the one that does least, then the one used longest ago', async t => {
  const bed = await startCopiesBed(t, 'thread')
  const gate = await openGate()
  t.after(() => gate.close())
  for (const copies of [2, 3]) {
    await bed.pass(2, 'a', 10)
    await until(async () => (await bed.copies()) === copies)
  }
  const inTurns = await bed.workersOf('a', 6)
  assert.equal(new Set(inTurns).size, 3)
  assert.deepEqual(inTurns.slice(3), inTurns.slice(0, 3))
  const [arrived, waiting] = [
    gate.arrival(),
    bed.request('POST', '/v2/models/a/infer', { inputs: [], parameters: { wait: gate.port } }),
  ]
  const { letThrough } = await arrived
  const others = await bed.workersOf('a', 6)
  assert.equal(new Set(others).size, 2)
  letThrough()
  const { body } = await waiting
  const [{ data }] = body['outputs'] as [{ data: string[] }]
  assert.ok(!others.includes(data[0]!))
})

test('check 77: a further copy of a model whose requests take long and pile up', async t => {
  const bed = await startCopiesBed(t, 'thread', { model_memory_copy_rate: 1_000_000 })
  const gate = await openGate()
  t.after(() => gate.close())
  await bed.workersOf('a', 1)
  const parameters = { wait: gate.port }
  const waiting = [1, 2].map(() => bed.request('POST', '/v2/models/a/infer', { inputs: [], parameters }))
  const arrived = [await gate.arrival(), await gate.arrival()]
  await bed.pass(2)
  await until(async () => (await bed.copies()) === 2)
  for (const { letThrough } of arrived) letThrough()
  for (const { status } of await Promise.all(waiting)) assert.equal(status, 200)
})

test('check 78: a second copy of a model that is used now and some time ago, and none for a burst', async t => {
  const budget = { model_memory_budget: 20 * MODEL_BYTES }
  const bed = await startCopiesBed(t, 'thread', { ...budget, model_memory_copy_rate: 600 })
  await bed.workersOf('a', 1)
  await bed.pass(1, 'a', 150)
  await bed.pass(6 * 8)
  assert.equal(await bed.copies(), 1)
  await bed.pass(1, 'a', 1)
  await until(async () => (await bed.copies()) === 2)
  assert.equal(new Set(await bed.workersOf('a', 6)).size, 2)
})
